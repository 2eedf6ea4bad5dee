"""Tasks: create, read, list, cancel, and the steps of their plans."""

import re
from typing import Any

from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.convert.steps import step
from gateway.convert.tasks import task, to_list_request, to_spec
from gateway.routes.etags import etag_of, matches, task_answer
from gateway.routes.paging import page_answer
from gateway.routing.answer import Answer
from gateway.routing.call import Call
from gateway.routing.strict_json import compact, depth
from gateway.schemas.base import IDEMPOTENCY_KEY_PATTERN, Nothing
from gateway.schemas.paging import PageQuery
from gateway.schemas.tasks import DeleteTaskQuery, GetTaskQuery, ListTasksQuery, TaskRequest
from servicekit.errors import ValidationFailedError

CONTEXT_BYTES = 64 * 1024
CONTEXT_DEPTH = 8
_WAIT_MARGIN = 5.0
"""Seconds that a waiting call may take beyond its wait."""

_IDEMPOTENCY_KEY = re.compile(IDEMPOTENCY_KEY_PATTERN.strip("^$"), re.ASCII)


async def create_task(call: Call[Nothing, TaskRequest]) -> Answer:
    """Stores a task durably and queues it. Once this answers, the task will end, one way or another.

    With an `Idempotency-Key` the same key and body give the same task for 24 hours; the same key with another
    body is a conflict.
    """
    request = call.body
    _check_context(request.context)
    _refuse_unsupported(request)
    key = call.header(b"idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise ValidationFailedError(
            "the Idempotency-Key is malformed",
            field="Idempotency-Key",
            constraint="must be 1 to 255 visible ASCII characters",
            reason="FIELD_RULE",
        )
    created = await call.clients.tasks.CreateTask(
        pb.CreateTaskRequest(spec=to_spec(request), idempotency_key=key or "")
    )
    return task_answer(created.task, status=202, location=f"/api/v1/tasks/{created.task.task_id}")


async def get_task(call: Call[GetTaskQuery, None]) -> Answer:
    """Answers at once, or with `wait` when the task ends or the time is up."""
    wait = call.query.wait
    request = pb.GetTaskRequest(task_id=call.path["task_id"], wait_seconds=wait)
    if wait:
        found = await call.clients.tasks.GetTask(request, timeout=wait + _WAIT_MARGIN)
    else:
        found = await call.clients.tasks.GetTask(request)
    etag = etag_of(found.task)
    if matches(call.header(b"if-none-match"), etag):
        return Answer(status=304, headers={"etag": etag})
    return task_answer(found.task)


async def list_tasks(call: Call[ListTasksQuery, None]) -> Answer:
    """One page of tasks, newest first where nothing else is asked for."""
    found = await call.clients.tasks.ListTasks(to_list_request(call.query))
    return page_answer([task(it) for it in found.tasks], query=call.query, total_items=found.total_items)


async def cancel_task(call: Call[DeleteTaskQuery, None]) -> Answer:
    """Ends a task that has not ended. Cancelled stays cancelled; a completed or failed task is a conflict."""
    if call.query.erase:
        raise ValidationFailedError(
            "erasing is not supported by this version; leave erase out",
            field="erase",
            constraint="must be false",
            reason="NOT_SUPPORTED",
        )
    cancelled = await call.clients.tasks.CancelTask(pb.CancelTaskRequest(task_id=call.path["task_id"]))
    return task_answer(cancelled.task)


async def list_steps(call: Call[PageQuery, None]) -> Answer:
    """The plan as it is carried out: each step with its dependencies, arm, usage, provenance and output."""
    found = await call.clients.tasks.ListSteps(
        pb.ListStepsRequest(
            task_id=call.path["task_id"], page=call.query.page, page_size=call.query.page_size
        )
    )
    return page_answer([step(it) for it in found.steps], query=call.query, total_items=found.total_items)


def _check_context(context: dict[str, Any]) -> None:
    if depth(context, limit=CONTEXT_DEPTH) > CONTEXT_DEPTH:
        raise ValidationFailedError(
            "the context is nested too deeply",
            field="context",
            constraint=f"must be nested at most {CONTEXT_DEPTH} levels deep",
            reason="FIELD_RULE",
        )
    if len(compact(context).encode()) > CONTEXT_BYTES:
        raise ValidationFailedError(
            "the context is too large",
            field="context",
            constraint=f"must be at most {CONTEXT_BYTES} bytes as JSON",
            reason="FIELD_RULE",
        )


def _refuse_unsupported(request: TaskRequest) -> None:
    if request.callback_url is not None:
        raise ValidationFailedError(
            "callbacks are not supported by this version; poll the task or follow its events instead",
            field="callback_url",
            constraint="must not be given",
            reason="NOT_SUPPORTED",
        )
