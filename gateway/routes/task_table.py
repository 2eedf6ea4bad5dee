"""The routes of tasks."""

from collections.abc import Sequence

from gateway.routes import examples, tasks
from gateway.routes.events import watch_task
from gateway.routing.route import AnyRoute, HeaderParameter, Route, Told
from gateway.schemas.base import IDEMPOTENCY_KEY_PATTERN
from gateway.schemas.paging import PageQuery
from gateway.schemas.steps import StepPage
from gateway.schemas.tasks import DeleteTaskQuery, GetTaskQuery, ListTasksQuery, Task, TaskPage, TaskRequest

_ETAG = {"ETag": "Changes whenever the task does."}

TASK_ROUTES: Sequence[AnyRoute] = (
    Route(
        method="POST",
        path="/api/v1/tasks",
        operation="create_task",
        handler=tasks.create_task,
        summary="Create a task",
        tag="tasks",
        scope="task:submit",
        body=TaskRequest,
        body_example=examples.TASK_REQUEST,
        headers=(
            HeaderParameter(
                name="Idempotency-Key",
                description="The same key and body give the same task for 24 hours.",
                schema={"type": "string", "pattern": IDEMPOTENCY_KEY_PATTERN, "maxLength": 255},
            ),
        ),
        told={
            202: Told(
                description="The task is stored and queued.",
                shape=Task,
                headers={"Location": "Where the task is read.", **_ETAG},
                example=examples.QUEUED_TASK,
            )
        },
        errors=(409,),
    ),
    Route(
        method="GET",
        path="/api/v1/tasks",
        operation="list_tasks",
        handler=tasks.list_tasks,
        summary="List tasks",
        tag="tasks",
        scope="task:read",
        query=ListTasksQuery,
        told={200: Told(description="One page.", shape=TaskPage, example=examples.TASK_PAGE)},
    ),
    Route(
        method="GET",
        path="/api/v1/tasks/{task_id}",
        operation="get_task",
        handler=tasks.get_task,
        summary="Read a task",
        tag="tasks",
        scope="task:read",
        query=GetTaskQuery,
        headers=(
            HeaderParameter(
                name="If-None-Match",
                description="An ETag; 304 when the task has not changed since.",
                schema={"type": "string"},
            ),
        ),
        told={
            200: Told(description="The task.", shape=Task, headers=_ETAG, example=examples.COMPLETED_TASK),
            304: Told(description="The task has not changed.", headers=_ETAG),
        },
        errors=(404,),
    ),
    Route(
        method="DELETE",
        path="/api/v1/tasks/{task_id}",
        operation="cancel_task",
        handler=tasks.cancel_task,
        summary="Cancel a task",
        tag="tasks",
        scope="task:cancel",
        query=DeleteTaskQuery,
        told={
            200: Told(
                description="The task, cancelled.", shape=Task, headers=_ETAG, example=examples.CANCELLED_TASK
            )
        },
        errors=(404, 409),
    ),
    Route(
        method="GET",
        path="/api/v1/tasks/{task_id}/steps",
        operation="list_steps",
        handler=tasks.list_steps,
        summary="List the steps of a task's plan",
        tag="tasks",
        scope="task:read",
        query=PageQuery,
        told={200: Told(description="One page.", shape=StepPage, example=examples.STEP_PAGE)},
        errors=(404,),
    ),
    Route(
        method="GET",
        path="/api/v1/tasks/{task_id}/events",
        operation="watch_task",
        handler=watch_task,
        summary="Follow a task's events",
        tag="tasks",
        scope="task:read",
        headers=(
            HeaderParameter(
                name="Last-Event-ID",
                description="The `id` of the last event that arrived; the stream goes on after it.",
                schema={"type": "string", "pattern": "^[0-9]{1,18}$"},
            ),
        ),
        told={
            200: Told(
                description="Server-sent events; each `data` is a TaskEvent.",
                media_types=("text/event-stream",),
                example=examples.EVENTS,
            ),
            204: Told(description="The task has ended, and its last event was told already."),
        },
        errors=(404,),
    ),
)
"""Tasks, on the gateway's port."""
