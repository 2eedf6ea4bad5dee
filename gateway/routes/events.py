"""A task's events as a stream of server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import orjson
from fastapi import Header, Request, Response
from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.context import Context, context_of
from gateway.convert.steps import TERMINAL_EVENTS, event
from gateway.convert.tasks import STATUS
from gateway.edge.state import RequestState, state_of
from gateway.errors import envelope
from gateway.routes import examples
from gateway.routes.failures import failures
from gateway.routes.parameters import TaskInPath
from gateway.routes.routers import api_router
from gateway.routes.told import told, told_as
from gateway.routing.event_stream import EventStream
from gateway.routing.route import needs
from gateway.schemas.steps import TaskEvent
from servicekit.errors import OctoError

router = api_router(tag="tasks")

_STILL_HERE = b": still here\n\n"
_TERMINAL = frozenset({"completed", "failed", "cancelled"})
_LONGEST = 24 * 3600.0
"""Seconds after which a stream ends by itself; the client resumes it."""


@router.get(
    "/tasks/{task_id}/events",
    operation_id="watch_task",
    summary="Follow a task's events",
    openapi_extra=needs("task:read"),
    response_class=Response,
    response_model=TaskEvent,
    responses=told_as(
        "text/event-stream",
        description="Server-sent events; each `data` is a TaskEvent; that of a last `error`, the envelope.",
        example=examples.EVENTS,
        # A text as a whole, an object each event: tools read it either way.
        schema={"description": "Events as `id`, `event` and `data`, a TaskEvent as JSON."},
    )
    | told(204, "The task has ended, and its last event was told already.")
    | failures(404),
)
async def watch_task(
    request: Request,
    task_id: TaskInPath,
    last_event_id: Annotated[
        str,
        Header(
            alias="Last-Event-ID",
            pattern="^[0-9]{0,18}$",
            description="The `id` of the last event that arrived; the stream goes on after it.",
        ),
    ] = "",
) -> Response:
    """The task's events so far and as they happen, in order and without gaps, until the terminal one.

    A key or token that ends meanwhile ends the stream within half a minute, with an event `error` whose
    `data` is the error envelope.

    A broken stream is resumed with `Last-Event-ID`. When nothing is left to tell after that event, the answer
    is 204, on which an EventSource stops asking.
    """
    context = context_of(request)
    after = int(last_event_id or 0)
    # A stream cannot say 404 any more once it has begun.
    found = (await context.clients.tasks.GetTask(pb.GetTaskRequest(task_id=task_id))).task
    if STATUS[found.status] in _TERMINAL and after >= found.last_sequence:
        return Response(status_code=204)
    asked = pb.WatchTaskRequest(task_id=task_id, after_sequence=after)
    events = context.clients.tasks.WatchTask(asked, timeout=_LONGEST)
    return EventStream(_chunks(events, context=context, state=state_of(request.scope)))


async def _chunks(events: Any, *, context: Context, state: RequestState) -> AsyncGenerator[bytes]:
    """Events as they come, a comment now and then; the last word soon after the reader's key ends."""
    async with aclosing(_beating(events, context=context)) as responses:
        async for response in responses:
            if response is None:
                refused = await state.recheck() if state.recheck else None
                yield _last(refused, request_id=state.request_id) if refused else _STILL_HERE
                if refused:
                    return
                continue
            told = event(response.event)
            yield _frame(told)
            if told["type"] in TERMINAL_EVENTS:
                return


async def _beating(events: Any, *, context: Context) -> AsyncGenerator[Any]:
    """What the orchestrator tells, None at each heartbeat; ends early on a drain, to be resumed elsewhere."""
    iterator = aiter(events)
    draining = asyncio.ensure_future(context.draining.wait())
    following: asyncio.Future[Any] = asyncio.ensure_future(anext(iterator, None))
    clock = asyncio.get_running_loop().time
    beat = clock() + context.stream_heartbeat_seconds
    try:
        while not draining.done():
            await asyncio.wait(
                (following, draining), timeout=beat - clock(), return_when=asyncio.FIRST_COMPLETED
            )
            if clock() >= beat:
                beat = clock() + context.stream_heartbeat_seconds
                yield None
            elif following.done():
                response = following.result()
                if response is None:
                    return
                following = asyncio.ensure_future(anext(iterator, None))
                yield response
    finally:
        draining.cancel()
        following.cancel()
        events.cancel()
        await asyncio.gather(following, draining, return_exceptions=True)


def _last(error: OctoError, *, request_id: str) -> bytes:
    """Why there is no more to read; without an id, so that whoever resumes goes on where he was."""
    return b"event: error\ndata: %s\n\n" % orjson.dumps(envelope(error, request_id=request_id))


def _frame(told: dict[str, Any]) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (told["sequence"], told["type"].encode(), orjson.dumps(told))
