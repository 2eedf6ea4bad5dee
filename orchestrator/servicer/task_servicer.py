"""TaskService: proto in, call, proto out."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
from octollm.orchestrator.v1 import tasks_pb2, tasks_pb2_grpc

from orchestrator.ownership import reach
from orchestrator.servicer import requests, responses
from orchestrator.tasks import READ, Tasks
from servicekit.principal import current_principal

Context = grpc.aio.ServicerContext[Any, Any]


class TaskServicer(tasks_pb2_grpc.TaskServiceServicer):
    """Serves tasks.

    Args:
        tasks: what is served.
    """

    def __init__(self, *, tasks: Tasks) -> None:
        self._tasks = tasks

    async def CreateTask(
        self, request: tasks_pb2.CreateTaskRequest, context: Context
    ) -> tasks_pb2.CreateTaskResponse:
        """Store a task durably and queue it."""
        task = await self._tasks.submit(
            requests.spec_from(request.spec),
            owner=current_principal(),
            idempotency_key=request.idempotency_key,
        )
        return tasks_pb2.CreateTaskResponse(task=responses.task_to(task))

    async def GetTask(self, request: tasks_pb2.GetTaskRequest, context: Context) -> tasks_pb2.GetTaskResponse:
        """One task, at once or when it ends."""
        task = await self._tasks.get(
            request.task_id, owner=current_principal(), wait_seconds=request.wait_seconds
        )
        return tasks_pb2.GetTaskResponse(task=responses.task_to(task))

    async def ListTasks(
        self, request: tasks_pb2.ListTasksRequest, context: Context
    ) -> tasks_pb2.ListTasksResponse:
        """One page of tasks."""
        query = requests.query_from(request, within=reach(current_principal(), READ))
        tasks, total = await self._tasks.page(query)
        return tasks_pb2.ListTasksResponse(tasks=map(responses.task_to, tasks), total_items=total)

    async def ListSteps(
        self, request: tasks_pb2.ListStepsRequest, context: Context
    ) -> tasks_pb2.ListStepsResponse:
        """A task's plan as it was carried out."""
        steps = await self._tasks.steps(request.task_id, owner=current_principal())
        size = request.page_size or requests.DEFAULT_PAGE_SIZE
        first = (max(request.page, 1) - 1) * size
        page = steps[first : first + size]
        return tasks_pb2.ListStepsResponse(steps=map(responses.step_to, page), total_items=len(steps))

    async def CancelTask(
        self, request: tasks_pb2.CancelTaskRequest, context: Context
    ) -> tasks_pb2.CancelTaskResponse:
        """End a task that has not ended."""
        task = await self._tasks.cancel(request.task_id, owner=current_principal())
        return tasks_pb2.CancelTaskResponse(task=responses.task_to(task))

    async def EraseTask(
        self, request: tasks_pb2.EraseTaskRequest, context: Context
    ) -> tasks_pb2.EraseTaskResponse:
        """Remove what a task that ended says."""
        task = await self._tasks.erase(request.task_id, owner=current_principal())
        return tasks_pb2.EraseTaskResponse(task=responses.task_to(task))

    async def GetUsage(
        self, request: tasks_pb2.GetUsageRequest, context: Context
    ) -> tasks_pb2.GetUsageResponse:
        """What the caller's tenant used, by day."""
        days = await self._tasks.usage(owner=current_principal(), days=request.days or requests.DEFAULT_DAYS)
        return tasks_pb2.GetUsageResponse(days=map(responses.usage_to, days))

    async def WatchTask(
        self, request: tasks_pb2.WatchTaskRequest, context: Context
    ) -> AsyncIterator[tasks_pb2.WatchTaskResponse]:
        """A task's events as they happen."""
        events = self._tasks.watch(request.task_id, owner=current_principal(), after=request.after_sequence)
        async with contextlib.aclosing(events):
            async for event in events:
                yield tasks_pb2.WatchTaskResponse(event=responses.event_to(event))
