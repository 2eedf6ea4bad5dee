"""A task's events as a stream of server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import orjson
from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.context import Context
from gateway.convert.steps import TERMINAL_EVENTS, event
from gateway.convert.tasks import STATUS
from gateway.routing.answer import Answer, Stream
from gateway.routing.call import Call
from gateway.schemas.base import Nothing
from servicekit.errors import ValidationFailedError

_TERMINAL = frozenset({"completed", "failed", "cancelled"})
_LONGEST = 24 * 3600.0
"""Seconds after which a stream ends by itself; the client resumes it."""

_MAX_DIGITS = 18


async def watch_task(call: Call[Nothing, None]) -> Answer | Stream:
    """The task's events so far and as they happen, in order and without gaps, until the terminal one.

    A broken stream is resumed with `Last-Event-ID`. When nothing is left to tell after that event, the answer
    is 204, on which an EventSource stops asking.
    """
    task_id, after = call.path["task_id"], _last_event_id(call)
    # A stream cannot say 404 any more once it has begun.
    found = (await call.clients.tasks.GetTask(pb.GetTaskRequest(task_id=task_id))).task
    if STATUS[found.status] in _TERMINAL and after >= found.last_sequence:
        return Answer(status=204)
    request = pb.WatchTaskRequest(task_id=task_id, after_sequence=after)
    events = call.clients.tasks.WatchTask(request, timeout=_LONGEST)
    return Stream(chunks=_chunks(events, context=call.context), media_type=b"text/event-stream")


async def _chunks(events: Any, *, context: Context) -> AsyncGenerator[bytes]:
    """Events as they come, comments while none comes; ends early, to be resumed elsewhere, on a drain."""
    iterator = aiter(events)
    draining = asyncio.ensure_future(context.draining.wait())
    following: asyncio.Future[Any] = asyncio.ensure_future(anext(iterator, None))
    try:
        while not draining.done():
            await asyncio.wait(
                (following, draining), timeout=context.heartbeat_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if not following.done():
                yield b": still here\n\n"
                continue
            response = following.result()
            if response is None:
                return
            told = event(response.event)
            yield _frame(told)
            if told["type"] in TERMINAL_EVENTS:
                return
            following = asyncio.ensure_future(anext(iterator, None))
    finally:
        draining.cancel()
        following.cancel()
        events.cancel()
        await asyncio.gather(following, draining, return_exceptions=True)


def _frame(told: dict[str, Any]) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (told["sequence"], told["type"].encode(), orjson.dumps(told))


def _last_event_id(call: Call[Nothing, None]) -> int:
    value = call.header(b"last-event-id")
    if not value:
        return 0
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS):
        raise ValidationFailedError(
            "the Last-Event-ID is malformed",
            field="Last-Event-ID",
            constraint="must be the number of an event",
            reason="FIELD_RULE",
        )
    return int(value)
