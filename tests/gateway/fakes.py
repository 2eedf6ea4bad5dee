"""Real gRPC servers on Unix sockets that stand for the other services, and do what a test tells them."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc
from octollm.orchestrator.v1 import (
    arm_registry_pb2,
    arm_registry_pb2_grpc,
    capability_pb2,
    capability_pb2_grpc,
    identity_pb2_grpc,
    tasks_pb2,
    tasks_pb2_grpc,
)
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from servicekit.errors import ConflictError, NotFoundError
from servicekit.internal_tokens import InternalTokens
from servicekit.metrics import Metrics
from servicekit.request_id import current_request_id
from servicekit.server import serve
from servicekit.status_board import Health, StatusBoard
from tests.gateway.fake_arms import ADD, Typed, a_provenance
from tests.gateway.fake_identity import Identity
from tests.gateway.trouble import Trouble

Context = grpc.aio.ServicerContext[Any, Any]
ENDED = {tasks_pb2.TASK_STATUS_COMPLETED, tasks_pb2.TASK_STATUS_FAILED, tasks_pb2.TASK_STATUS_CANCELLED}
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@dataclass
class Tasks(tasks_pb2_grpc.TaskServiceServicer):
    """Tasks in memory, and every request that came."""

    trouble: Trouble
    tasks: dict[str, tasks_pb2.Task] = field(default_factory=dict[str, tasks_pb2.Task])
    requests: list[Any] = field(default_factory=list[Any])
    events: list[tasks_pb2.TaskEvent] = field(default_factory=list[tasks_pb2.TaskEvent])
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    watching: int = 0
    watched: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, *, status: int = tasks_pb2.TASK_STATUS_QUEUED, **spec: Any) -> tasks_pb2.Task:
        number = len(self.tasks)
        task = tasks_pb2.Task(
            task_id=f"task_{number:016d}",
            status=status,  # pyright: ignore[reportArgumentType]  # a number is what it is
            spec=tasks_pb2.TaskSpec(goal="a goal", **spec),
            request_id=current_request_id(),
            last_sequence=1,
        )
        task.created_at.FromDatetime(NOW)
        task.updated_at.FromDatetime(NOW)
        self.tasks[task.task_id] = task
        return task

    def find(self, task_id: str) -> tasks_pb2.Task:
        if task_id not in self.tasks:
            raise NotFoundError("there is no such task", field="task_id")
        return self.tasks[task_id]

    async def CreateTask(
        self, request: tasks_pb2.CreateTaskRequest, context: Context
    ) -> tasks_pb2.CreateTaskResponse:
        self.requests.append(request)
        self.metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}
        await self.trouble.strike()
        task = self.add()
        task.spec.CopyFrom(request.spec)
        task.metadata.labels.update(request.spec.labels)
        return tasks_pb2.CreateTaskResponse(task=task)

    async def GetTask(self, request: tasks_pb2.GetTaskRequest, context: Context) -> tasks_pb2.GetTaskResponse:
        self.requests.append(request)
        await self.trouble.strike()
        task = self.find(request.task_id)
        if request.wait_seconds and task.status not in ENDED:
            async with self.changed:
                try:
                    async with asyncio.timeout(request.wait_seconds):
                        await self.changed.wait_for(lambda: task.status in ENDED)
                except TimeoutError:
                    pass
        return tasks_pb2.GetTaskResponse(task=task)

    async def ListTasks(
        self, request: tasks_pb2.ListTasksRequest, context: Context
    ) -> tasks_pb2.ListTasksResponse:
        self.requests.append(request)
        await self.trouble.strike()
        first = (request.page - 1) * request.page_size
        page = list(self.tasks.values())[first : first + request.page_size]
        return tasks_pb2.ListTasksResponse(tasks=page, total_items=len(self.tasks))

    async def ListSteps(
        self, request: tasks_pb2.ListStepsRequest, context: Context
    ) -> tasks_pb2.ListStepsResponse:
        self.requests.append(request)
        self.find(request.task_id)
        return tasks_pb2.ListStepsResponse(
            steps=[a_step(), tasks_pb2.Step(step_id="s2", state=tasks_pb2.STEP_STATE_PENDING)], total_items=2
        )

    async def CancelTask(
        self, request: tasks_pb2.CancelTaskRequest, context: Context
    ) -> tasks_pb2.CancelTaskResponse:
        self.requests.append(request)
        task = self.find(request.task_id)
        if task.status in ENDED - {tasks_pb2.TASK_STATUS_CANCELLED}:
            raise ConflictError("the task has ended and cannot be cancelled", reason="TASK_ENDED")
        task.status = tasks_pb2.TASK_STATUS_CANCELLED
        task.cancelled_at.FromDatetime(NOW + timedelta(seconds=2))
        return tasks_pb2.CancelTaskResponse(task=task)

    async def EraseTask(
        self, request: tasks_pb2.EraseTaskRequest, context: Context
    ) -> tasks_pb2.EraseTaskResponse:
        self.requests.append(request)
        task = self.find(request.task_id)
        if task.status not in ENDED:
            raise ConflictError("a task that has not ended cannot be erased; cancel it first")
        task.spec.goal = ""
        task.ClearField("result")
        return tasks_pb2.EraseTaskResponse(task=task)

    async def GetUsage(
        self, request: tasks_pb2.GetUsageRequest, context: Context
    ) -> tasks_pb2.GetUsageResponse:
        self.requests.append(request)
        response = tasks_pb2.GetUsageResponse()
        response.days.add(date="2026-11-23", tasks=2, tokens=70, cost_micros=1_500_000)
        return response

    async def WatchTask(
        self, request: tasks_pb2.WatchTaskRequest, context: Context
    ) -> AsyncIterator[tasks_pb2.WatchTaskResponse]:
        self.requests.append(request)
        told = request.after_sequence
        self.watching += 1
        self.watched.set()
        try:
            while True:
                for event in [it for it in self.events if it.sequence > told]:
                    told = event.sequence
                    yield tasks_pb2.WatchTaskResponse(event=event)
                    if event.type >= tasks_pb2.TASK_EVENT_TYPE_TASK_COMPLETED:
                        return
                async with self.changed:
                    if not any(it.sequence > told for it in self.events):
                        await self.changed.wait()
        finally:
            self.watching -= 1
            self.trouble.cancelled.set()

    async def tell(self, *kinds: int, task_id: str) -> None:
        for kind in kinds:
            event = tasks_pb2.TaskEvent(
                task_id=task_id,
                sequence=len(self.events) + 1,
                type=kind,  # pyright: ignore[reportArgumentType]  # a number is what it is
                data_json='{"n": 9007199254740993}',
            )
            event.created_at.FromDatetime(NOW)
            self.events.append(event)
            self.tasks[task_id].last_sequence = event.sequence
        async with self.changed:
            self.changed.notify_all()


@dataclass
class Registry(arm_registry_pb2_grpc.ArmRegistryServiceServicer):
    """The coder, and whoever runs."""

    trouble: Trouble
    running: dict[str, str] = field(default_factory=dict[str, str])

    async def ListArms(
        self, request: arm_registry_pb2.ListArmsRequest, context: Context
    ) -> arm_registry_pb2.ListArmsResponse:
        return arm_registry_pb2.ListArmsResponse(arms=self._arms(), total_items=len(self._arms()))

    async def GetArm(
        self, request: arm_registry_pb2.GetArmRequest, context: Context
    ) -> arm_registry_pb2.GetArmResponse:
        found = {it.description.arm_id: it for it in self._arms()}
        if request.arm_id not in found:
            raise NotFoundError(f"there is no arm {request.arm_id}", field="arm_id")
        return arm_registry_pb2.GetArmResponse(arm=found[request.arm_id])

    def _arms(self) -> list[arm_registry_pb2.Arm]:
        found = {"coder": an_arm()}
        for arm_id, endpoint in self.running.items():
            arm = found.setdefault(arm_id, an_arm())
            arm.description.arm_id, arm.description.endpoint = arm_id, endpoint
            arm.instance_id = f"{arm_id}-1"
        return list(found.values())


@dataclass
class Capability(capability_pb2_grpc.CapabilityServiceServicer):
    """Issues tokens that tell what they are for."""

    trouble: Trouble

    async def IssueCapability(
        self, request: capability_pb2.IssueCapabilityRequest, context: Context
    ) -> capability_pb2.IssueCapabilityResponse:
        if self.trouble.permission:
            raise self.trouble.permission
        grant = request.grant
        return capability_pb2.IssueCapabilityResponse(
            token=f"{grant.audience_instance_id} {','.join(grant.acts)} {grant.arguments_sha256}"
        )


@dataclass
class Reflex(reflex_pb2_grpc.ReflexServiceServicer):
    """Values in memory; one finding for every text that holds an @."""

    trouble: Trouble
    values: dict[str, str] = field(default_factory=dict[str, str])
    requests: list[Any] = field(default_factory=list[Any])

    async def Check(self, request: reflex_pb2.CheckRequest, context: Context) -> reflex_pb2.CheckResponse:
        self.requests.append(request)
        await self.trouble.strike()
        key = f"text:{len(request.text)}"
        response = reflex_pb2.CheckResponse(
            action=reflex_pb2.ACTION_ALLOW, sanitized_text=request.text, processing_time_ms=0.5
        )
        response.cache.key = key
        if key in self.values:
            response.cache.hit, response.cache.value_json = True, self.values[key]
        if "@" in request.text:
            response.action = reflex_pb2.ACTION_SANITIZE
            response.sanitized_text = "[EMAIL]"
            response.findings.add(category=1, type="email", severity=2, start=0, end=5, confidence=0.9)
        return response

    async def CheckBatch(
        self, request: reflex_pb2.CheckBatchRequest, context: Context
    ) -> reflex_pb2.CheckBatchResponse:
        self.requests.append(request)
        asked = [reflex_pb2.CheckRequest(text=text, options=request.options) for text in request.texts]
        return reflex_pb2.CheckBatchResponse(results=[await self.Check(it, context) for it in asked])

    async def PutCache(
        self, request: reflex_pb2.PutCacheRequest, context: Context
    ) -> reflex_pb2.PutCacheResponse:
        self.requests.append(request)
        key = request.key or f"text:{len(request.text)}"
        self.values[key] = request.value_json
        response = reflex_pb2.PutCacheResponse(key=key)
        response.expires_at.FromDatetime(NOW + timedelta(seconds=request.ttl_seconds))
        return response

    async def GetCache(
        self, request: reflex_pb2.GetCacheRequest, context: Context
    ) -> reflex_pb2.GetCacheResponse:
        if request.key not in self.values:
            raise NotFoundError("nothing is stored under this key", field="key")
        response = reflex_pb2.GetCacheResponse(key=request.key, value_json=self.values[request.key], hits=1)
        response.created_at.FromDatetime(NOW)
        response.expires_at.FromDatetime(NOW)
        return response

    async def DeleteCache(
        self, request: reflex_pb2.DeleteCacheRequest, context: Context
    ) -> reflex_pb2.DeleteCacheResponse:
        if self.values.pop(request.key, None) is None:
            raise NotFoundError("nothing is stored under this key", field="key")
        return reflex_pb2.DeleteCacheResponse()

    async def GetStats(
        self, request: reflex_pb2.GetStatsRequest, context: Context
    ) -> reflex_pb2.GetStatsResponse:
        return reflex_pb2.GetStatsResponse(entries=len(self.values), backend="memory", uptime_seconds=1.5)


@dataclass
class Arm(arm_pb2_grpc.ArmServiceServicer):
    """Says what it can do."""

    arm_id: str
    trouble: Trouble
    requests: list[Any] = field(default_factory=list[Any])

    async def Execute(
        self, request: arm_pb2.ExecuteRequest, context: Context
    ) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        self.requests.append(request)
        yield arm_pb2.ExecuteResponse(progress=arm_pb2.Progress(message="half", fraction=0.5))
        await self.trouble.strike()
        if request.instruction == "say nothing":
            return
        result = arm_pb2.ExecuteResult(output=request.instruction, confidence=0.5)
        result.output_json = request.arguments_json
        result.citations.add(document_id="d", score=0.5)
        result.artifacts.add(name="a.txt", media_type="text/plain", content="x")
        result.provenance.CopyFrom(a_provenance(self.arm_id))
        yield arm_pb2.ExecuteResponse(result=result)

    async def GetCapabilities(
        self, request: arm_pb2.GetCapabilitiesRequest, context: Context
    ) -> arm_pb2.GetCapabilitiesResponse:
        response = arm_pb2.GetCapabilitiesResponse(
            arm_id=self.arm_id, instance_id="i-1", name=self.arm_id.title()
        )
        response.capabilities.add(name="text_generation", input_schema_json='{"type":"object"}')
        return response


@dataclass(frozen=True)
class Fakes:
    """Everything behind the gateway."""

    socket_dir: Path
    trouble: Trouble
    tasks: Tasks
    reflex: Reflex
    registry: Registry
    arms: dict[str, Arm]
    typed: Typed
    identity: Identity
    boards: dict[str, StatusBoard]
    running: dict[str, AsyncExitStack]

    async def stop(self, name: str) -> None:
        await self.running[name].aclose()


@asynccontextmanager
async def fakes(
    socket_dir: Path, *, arms: Sequence[str], tokens: InternalTokens | None = None
) -> AsyncGenerator[Fakes]:
    """Run them; the arms that are not named are down, those that the platform does not know are of others."""
    trouble = Trouble()
    tasks, reflex, registry = Tasks(trouble), Reflex(trouble), Registry(trouble)
    identity = Identity()
    served, typed = {arm: Arm(arm, trouble) for arm in arms}, Typed(trouble)
    registry.running = {arm: f"unix:{socket_dir / arm}.sock" for arm in arms}

    def add_orchestrator(server: grpc.aio.Server) -> None:
        tasks_pb2_grpc.add_TaskServiceServicer_to_server(tasks, server)
        identity_pb2_grpc.add_IdentityServiceServicer_to_server(identity, server)
        arm_registry_pb2_grpc.add_ArmRegistryServiceServicer_to_server(registry, server)
        capability_pb2_grpc.add_CapabilityServiceServicer_to_server(Capability(trouble), server)

    def add_reflex(server: grpc.aio.Server) -> None:
        reflex_pb2_grpc.add_ReflexServiceServicer_to_server(reflex, server)

    def adder(arm: str) -> Any:
        def add(server: grpc.aio.Server) -> None:
            arm_pb2_grpc.add_ArmServiceServicer_to_server(served[arm], server)
            if arm in ADD:
                ADD[arm](typed, server)

        return add

    registers = {"orchestrator": add_orchestrator, "reflex": add_reflex, **{arm: adder(arm) for arm in arms}}
    boards = {name: StatusBoard(service=name) for name in registers}
    boards["orchestrator"].set("postgresql", Health.HEALTHY, required=True)
    running: dict[str, AsyncExitStack] = {}
    async with AsyncExitStack() as stack:
        for name, register in registers.items():
            running[name] = await stack.enter_async_context(AsyncExitStack())
            await running[name].enter_async_context(
                serve(
                    name=name,
                    addresses=[f"unix:{socket_dir / name}.sock"],
                    register=register,
                    services=[],
                    options=[("grpc.max_receive_message_length", 33 * 2**20)],
                    board=boards[name],
                    metrics=Metrics(),
                    tokens=tokens,
                )
            )
        yield Fakes(socket_dir, trouble, tasks, reflex, registry, served, typed, identity, boards, running)


def an_arm() -> arm_registry_pb2.Arm:
    arm = arm_registry_pb2.Arm(status=arm_registry_pb2.ARM_STATUS_HEALTHY)
    arm.description.arm_id, arm.description.name, arm.description.cost_tier = "coder", "Coder", 3
    arm.description.endpoint = "127.0.0.1:9005"
    arm.description.capabilities.add(name="text_generation")
    return arm


def a_step() -> tasks_pb2.Step:
    step = tasks_pb2.Step(
        step_id="s1", name="write", state=tasks_pb2.STEP_STATE_COMPLETED, arm_id="coder", output="text"
    )
    step.provenance.arm_id = "coder"
    step.provenance.usage.input_tokens = 7
    step.provenance.usage.cost_micros = 1_500_000
    step.started_at.FromDatetime(NOW)
    step.finished_at.FromDatetime(NOW + timedelta(seconds=1.5))
    return step


def a_completed_task(tasks: Tasks) -> tasks_pb2.Task:
    task = tasks.add(status=tasks_pb2.TASK_STATUS_COMPLETED, context_json='{"n":9007199254740993}')
    task.result.output, task.result.confidence, task.result.validation_passed = "done", 0.5, True
    task.result.criteria.add(criterion="c", passed=True, evidence="e", method="rule")
    task.result.citations.add(document_id="d", score=0.5)
    task.result.artifacts.add(name="main.py", media_type="text/x-python", content="x", encoding="utf-8")
    task.metadata.cost_micros = 1_500_000
    task.completed_at.FromDatetime(NOW)
    return task


def a_failed_task(tasks: Tasks) -> tasks_pb2.Task:
    task = tasks.add(status=tasks_pb2.TASK_STATUS_FAILED)
    task.error.type, task.error.message = tasks_pb2.ERROR_TYPE_BUDGET_EXCEEDED, "too dear"
    task.error.details_json = json.dumps({"spent": 5})
    task.failed_at.FromDatetime(NOW)
    return task
