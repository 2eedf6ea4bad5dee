"""Tasks: create, read, list, cancel, and the steps of their plans."""

from typing import Annotated, Any

from fastapi import Body, Header, Query, Request, Response
from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.context import context_of
from gateway.convert.steps import step
from gateway.convert.tasks import task, to_list_request, to_spec
from gateway.routes import examples
from gateway.routes.etags import etag_of, matches, task_answer
from gateway.routes.failures import WITH_BODY, failures
from gateway.routes.paging import page_answer
from gateway.routes.parameters import TaskInPath
from gateway.routes.routers import api_router
from gateway.routes.told import ETAG, told
from gateway.routing.route import needs
from gateway.routing.strict_json import compact, depth
from gateway.schemas.base import IDEMPOTENCY_KEY_PATTERN
from gateway.schemas.paging import PageQuery
from gateway.schemas.steps import StepPage
from gateway.schemas.tasks import DeleteTaskQuery, GetTaskQuery, ListTasksQuery, Task, TaskPage, TaskRequest
from servicekit.context import set_task_id
from servicekit.errors import ValidationFailedError

router = api_router(tag="tasks")

CONTEXT_BYTES = 64 * 1024
CONTEXT_DEPTH = 8
_WAIT_MARGIN = 5.0
"""Seconds that a waiting call may take beyond its wait."""


@router.post(
    "/tasks",
    operation_id="create_task",
    summary="Create a task",
    openapi_extra=needs("task:submit"),
    status_code=202,
    response_model=Task,
    responses=told(
        202,
        "The task is stored and queued.",
        example=examples.QUEUED_TASK,
        headers={"Location": "Where the task is read.", **ETAG},
    )
    | failures(409, *WITH_BODY),
)
async def create_task(
    request: Request,
    body: Annotated[TaskRequest, Body(openapi_examples={"report": {"value": examples.TASK_REQUEST}})],
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            pattern=IDEMPOTENCY_KEY_PATTERN,
            max_length=255,
            description="The same key and body give the same task for 24 hours.",
        ),
    ] = None,
) -> Response:
    """Stores a task durably and queues it. Once this answers, the task will end, one way or another.

    With an `Idempotency-Key` the same key and body give the same task for 24 hours; the same key with another
    body is a conflict.
    """
    _check_context(body.context)
    context = context_of(request)
    created = await context.clients.tasks.CreateTask(
        pb.CreateTaskRequest(spec=to_spec(body), idempotency_key=idempotency_key or "")
    )
    set_task_id(created.task.task_id)  # the log line and the span of this request carry it
    context.audit.allowed("task.create", object_id=created.task.task_id)
    return task_answer(created.task, status=202, location=f"/api/v1/tasks/{created.task.task_id}")


@router.get(
    "/tasks",
    operation_id="list_tasks",
    summary="List tasks",
    openapi_extra=needs("task:read"),
    response_model=TaskPage,
    responses=told(200, "One page.", example=examples.TASK_PAGE),
)
async def list_tasks(request: Request, query: Annotated[ListTasksQuery, Query()]) -> Response:
    """One page of tasks, newest first where nothing else is asked for."""
    found = await context_of(request).clients.tasks.ListTasks(to_list_request(query))
    return page_answer([task(it) for it in found.tasks], query=query, total_items=found.total_items)


@router.get(
    "/tasks/{task_id}",
    operation_id="get_task",
    summary="Read a task",
    openapi_extra=needs("task:read"),
    response_model=Task,
    responses=told(200, "The task.", example=examples.COMPLETED_TASK, headers=ETAG)
    | told(304, "The task has not changed.", headers=ETAG)
    | failures(404),
)
async def get_task(
    request: Request,
    task_id: TaskInPath,
    query: Annotated[GetTaskQuery, Query()],
    if_none_match: Annotated[
        str | None,
        Header(alias="If-None-Match", description="An ETag; 304 when the task has not changed since."),
    ] = None,
) -> Response:
    """Answers at once, or with `wait` when the task ends or the time is up."""
    clients = context_of(request).clients
    asked = pb.GetTaskRequest(task_id=task_id, wait_seconds=query.wait)
    if query.wait:
        found = await clients.tasks.GetTask(asked, timeout=query.wait + _WAIT_MARGIN)
    else:
        found = await clients.tasks.GetTask(asked)
    etag = etag_of(found.task)
    if matches(if_none_match, etag):
        return Response(status_code=304, headers={"etag": etag})
    return task_answer(found.task)


@router.delete(
    "/tasks/{task_id}",
    operation_id="cancel_task",
    summary="Cancel or erase a task",
    openapi_extra=needs("task:cancel"),
    response_model=Task,
    responses=told(
        200, "The task, cancelled, or what is left of it.", example=examples.CANCELLED_TASK, headers=ETAG
    )
    | failures(404, 409),
)
async def cancel_task(
    request: Request, task_id: TaskInPath, query: Annotated[DeleteTaskQuery, Query()]
) -> Response:
    """Ends a task that has not ended. Cancelled stays cancelled; a completed or failed task is a conflict.

    With `erase` it removes what a task that has ended says; one that has not is a conflict.
    """
    context = context_of(request)
    if query.erase:
        ended = (await context.clients.tasks.EraseTask(pb.EraseTaskRequest(task_id=task_id))).task
    else:
        ended = (await context.clients.tasks.CancelTask(pb.CancelTaskRequest(task_id=task_id))).task
    context.audit.allowed("task.erase" if query.erase else "task.cancel", object_id=task_id)
    return task_answer(ended)


@router.get(
    "/tasks/{task_id}/steps",
    operation_id="list_steps",
    summary="List the steps of a task's plan",
    openapi_extra=needs("task:read"),
    response_model=StepPage,
    responses=told(200, "One page.", example=examples.STEP_PAGE) | failures(404),
)
async def list_steps(request: Request, task_id: TaskInPath, query: Annotated[PageQuery, Query()]) -> Response:
    """The plan as it is carried out: each step with its dependencies, arm, usage, provenance and output."""
    found = await context_of(request).clients.tasks.ListSteps(
        pb.ListStepsRequest(task_id=task_id, page=query.page, page_size=query.page_size)
    )
    return page_answer([step(it) for it in found.steps], query=query, total_items=found.total_items)


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
