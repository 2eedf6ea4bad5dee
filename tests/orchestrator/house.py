"""An orchestrator with scripted arms and a scripted reflex around it, all over real gRPC on Unix sockets."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from octollm.arms.v1 import (
    arm_pb2,
    arm_pb2_grpc,
    execution_pb2,
    guardian_pb2,
    guardian_pb2_grpc,
    judge_pb2,
    judge_pb2_grpc,
    planner_pb2,
    planner_pb2_grpc,
)
from octollm.orchestrator.v1 import (
    arm_registry_pb2,
    arm_registry_pb2_grpc,
    capability_pb2_grpc,
    tasks_pb2,
    tasks_pb2_grpc,
)
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc
from octollm.service.v1 import status_pb2, status_pb2_grpc
from pydantic import SecretStr

from orchestrator.app import build
from orchestrator.settings import OrchestratorSettings
from servicekit.channel import open_channel
from servicekit.errors import NotFoundError
from servicekit.metrics import Metrics
from servicekit.request_id import current_request_id
from servicekit.server import serve
from servicekit.status_board import StatusBoard

Context = grpc.aio.ServicerContext[Any, Any]
Step = planner_pb2.PlannedStep
Execution = AsyncIterator[arm_pb2.ExecuteResponse]


def planned(step_id: str, *depends_on: str, capability: str = "work", **more: Any) -> Step:
    return Step(
        step_id=step_id,
        name=step_id.title(),
        capability=capability,
        instruction=f"do {step_id}",
        depends_on=depends_on,
        **more,
    )


def usage(tokens: int = 10, cost: int = 5) -> execution_pb2.Usage:
    return execution_pb2.Usage(
        input_tokens=tokens - tokens // 2, output_tokens=tokens // 2, cost_micros=cost, cost_known=True
    )


def result(output: str, *, tokens: int = 10, cost: int = 5, **more: Any) -> arm_pb2.ExecuteResponse:
    provenance = execution_pb2.Provenance(arm_id="worker", model="scripted", usage=usage(tokens, cost))
    return arm_pb2.ExecuteResponse(
        result=arm_pb2.ExecuteResult(output=output, confidence=0.9, provenance=provenance, **more)
    )


async def echo(request: arm_pb2.ExecuteRequest, _: Context) -> Execution:
    """Join the inputs behind the step's name."""
    yield arm_pb2.ExecuteResponse(progress=arm_pb2.Progress(message="at it", fraction=0.5))
    inputs = ",".join(sorted(i.output for i in request.inputs))
    yield result(f"{request.step_id}({inputs})")


@dataclass
class Script:
    """What the arms and the reflex do; tests change it while it runs."""

    plan: list[Step] = field(default_factory=lambda: [planned("only")])
    execute: Callable[[arm_pb2.ExecuteRequest, Context], Execution] = echo
    judge: Callable[[judge_pb2.ValidateOutputRequest], tuple[list[bool], str]] = lambda request: (
        [True] * len(request.task.acceptance_criteria),
        "",
    )
    review: Callable[[str], tuple[int, str]] = lambda text: (guardian_pb2.REVIEW_ACTION_ALLOW, text)
    find: Callable[[str], list[guardian_pb2.ReviewFinding]] = lambda _: []
    check: Callable[[str], reflex_pb2.CheckResponse] = lambda text: reflex_pb2.CheckResponse(
        action=reflex_pb2.ACTION_ALLOW, sanitized_text=text
    )
    on_plan: Callable[[planner_pb2.CreatePlanRequest], Awaitable[None]] | None = None
    plans: list[planner_pb2.CreatePlanRequest] = field(default_factory=list)
    executed: list[arm_pb2.ExecuteRequest] = field(default_factory=list)
    judged: list[judge_pb2.ValidateOutputRequest] = field(default_factory=list)
    reviewed: list[str] = field(default_factory=list)
    screened: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    request_ids: set[str] = field(default_factory=set)
    remember: bool = True

    def note(self, where: list[Any], what: Any) -> None:
        """Remember a call, unless there are too many of them."""
        if self.remember:
            where.append(what)


class _Planner(planner_pb2_grpc.PlannerServiceServicer):
    def __init__(self, script: Script) -> None:
        self.script = script

    async def CreatePlan(  # gRPC's name
        self, request: planner_pb2.CreatePlanRequest, context: Context
    ) -> planner_pb2.CreatePlanResponse:
        self.script.note(self.script.plans, request)
        self.script.request_ids.add(current_request_id() if self.script.remember else "")
        if self.script.on_plan:
            await self.script.on_plan(request)
        provenance = execution_pb2.Provenance(arm_id="planner", usage=usage(3, 1))
        return planner_pb2.CreatePlanResponse(
            steps=self.script.plan, rationale="as told", provenance=provenance
        )


class _Arm(arm_pb2_grpc.ArmServiceServicer):
    def __init__(self, script: Script) -> None:
        self.script = script

    async def Execute(self, request: arm_pb2.ExecuteRequest, context: Context) -> Execution:  # gRPC's name
        self.script.note(self.script.executed, request)
        self.script.request_ids.add(current_request_id() if self.script.remember else "")
        async for event in self.script.execute(request, context):
            yield event


class _Judge(judge_pb2_grpc.JudgeServiceServicer):
    def __init__(self, script: Script) -> None:
        self.script = script

    async def ValidateOutput(  # gRPC's name
        self, request: judge_pb2.ValidateOutputRequest, context: Context
    ) -> judge_pb2.ValidateOutputResponse:
        self.script.note(self.script.judged, request)
        passed, feedback = self.script.judge(request)
        verdicts = [
            judge_pb2.Verdict(criterion=criterion, passed=ok, evidence="seen", confidence=0.8, method="rule")
            for criterion, ok in zip(request.task.acceptance_criteria, passed, strict=True)
        ]
        return judge_pb2.ValidateOutputResponse(
            verdicts=verdicts,
            passed=all(passed),
            confidence=0.8,
            feedback=feedback,
            provenance=execution_pb2.Provenance(arm_id="judge", usage=usage(2, 1)),
        )


class _Guardian(guardian_pb2_grpc.GuardianServiceServicer):
    def __init__(self, script: Script) -> None:
        self.script = script

    async def ReviewContent(  # gRPC's name
        self, request: guardian_pb2.ReviewContentRequest, context: Context
    ) -> guardian_pb2.ReviewContentResponse:
        came_in = request.direction == guardian_pb2.DIRECTION_IN
        self.script.note(self.script.screened if came_in else self.script.reviewed, request.text)
        action, text = self.script.review(request.text)
        return guardian_pb2.ReviewContentResponse(
            action=guardian_pb2.ReviewAction.ValueType(action),
            sanitized_text=text,
            findings=self.script.find(request.text),
            provenance=execution_pb2.Provenance(arm_id="guardian"),
        )


class _Reflex(reflex_pb2_grpc.ReflexServiceServicer):
    def __init__(self, script: Script) -> None:
        self.script = script

    async def CheckBatch(  # gRPC's name
        self, request: reflex_pb2.CheckBatchRequest, context: Context
    ) -> reflex_pb2.CheckBatchResponse:
        for text in request.texts:
            self.script.note(self.script.checked, text)
        return reflex_pb2.CheckBatchResponse(results=[self.script.check(text) for text in request.texts])

    async def GetStats(  # gRPC's name
        self, request: reflex_pb2.GetStatsRequest, context: Context
    ) -> reflex_pb2.GetStatsResponse:
        return reflex_pb2.GetStatsResponse()

    async def PutCache(  # gRPC's name
        self, request: reflex_pb2.PutCacheRequest, context: Context
    ) -> reflex_pb2.PutCacheResponse:
        self.script.values[request.key] = request.value_json
        return reflex_pb2.PutCacheResponse(key=request.key)

    async def GetCache(  # gRPC's name
        self, request: reflex_pb2.GetCacheRequest, context: Context
    ) -> reflex_pb2.GetCacheResponse:
        if request.key not in self.script.values:
            raise NotFoundError("nothing is kept under this key", reason="CACHE_MISS")
        return reflex_pb2.GetCacheResponse(key=request.key, value_json=self.script.values[request.key])


@contextlib.asynccontextmanager
async def scripted(script: Script, socket_dir: Path, *names: str) -> AsyncIterator[None]:
    """Serve all roles on the sockets of these names."""

    def register(server: grpc.aio.Server) -> None:
        planner_pb2_grpc.add_PlannerServiceServicer_to_server(_Planner(script), server)
        arm_pb2_grpc.add_ArmServiceServicer_to_server(_Arm(script), server)
        judge_pb2_grpc.add_JudgeServiceServicer_to_server(_Judge(script), server)
        guardian_pb2_grpc.add_GuardianServiceServicer_to_server(_Guardian(script), server)
        reflex_pb2_grpc.add_ReflexServiceServicer_to_server(_Reflex(script), server)

    async with serve(
        name="scripted",
        addresses=[f"unix:{socket_dir / name}.sock" for name in names],
        register=register,
        services=[],
        board=StatusBoard(service="scripted"),
        metrics=Metrics(),
    ):
        yield


def description(
    arm_id: str, capability: str, socket_dir: Path, *, socket: str = "arms", also: str = "", **more: Any
) -> arm_registry_pb2.ArmDescription:
    given: dict[str, Any] = {"cost_tier": 1, "max_concurrency": 16, **more}
    return arm_registry_pb2.ArmDescription(
        arm_id=arm_id,
        name=arm_id.title(),
        version="1",
        capabilities=[
            arm_pb2.Capability(name=name, description=f"can {name}") for name in (capability, also) if name
        ],
        endpoint=f"unix:{socket_dir / socket}.sock",
        **given,
    )


ROLES = {"planner": "plan", "judge": "validate", "guardian": "review", "worker": "work"}


@dataclass
class House:
    """A running orchestrator and how to talk to it."""

    script: Script
    socket_dir: Path
    settings: OrchestratorSettings
    tasks: "tasks_pb2_grpc.TaskServiceAsyncStub"
    arms: "arm_registry_pb2_grpc.ArmRegistryServiceAsyncStub"
    status: "status_pb2_grpc.StatusServiceAsyncStub"
    channel: grpc.aio.Channel
    address: str = ""

    @property
    def capabilities(self) -> "capability_pb2_grpc.CapabilityServiceAsyncStub":
        return capability_pb2_grpc.CapabilityServiceStub(self.channel)

    async def metrics(self) -> str:
        return (await self.status.GetMetrics(status_pb2.GetMetricsRequest())).text

    async def register(self, arm_id: str, capability: str, *, instance: str = "", **more: Any) -> None:
        await self.arms.RegisterArm(
            arm_registry_pb2.RegisterArmRequest(
                instance_id=instance or f"{arm_id}-1",
                arm=description(arm_id, capability, self.socket_dir, **more),
                status=arm_registry_pb2.ARM_STATUS_HEALTHY,
            )
        )

    async def register_roles(self) -> None:
        for arm_id, capability in ROLES.items():
            await self.register(arm_id, capability)

    async def submit(self, goal: str = "a goal", *, key: str = "", **spec: Any) -> tasks_pb2.Task:
        request = tasks_pb2.CreateTaskRequest(spec=tasks_pb2.TaskSpec(goal=goal, **spec), idempotency_key=key)
        return (await self.tasks.CreateTask(request)).task

    async def get(self, task_id: str, *, wait: int = 0) -> tasks_pb2.Task:
        request = tasks_pb2.GetTaskRequest(task_id=task_id, wait_seconds=wait)
        return (await self.tasks.GetTask(request)).task

    async def run(self, goal: str = "a goal", **spec: Any) -> tasks_pb2.Task:
        task = await self.submit(goal, **spec)
        return await self.get(task.task_id, wait=60)

    async def steps(self, task_id: str) -> dict[str, tasks_pb2.Step]:
        response = await self.tasks.ListSteps(tasks_pb2.ListStepsRequest(task_id=task_id))
        return {step.step_id: step for step in response.steps}

    async def events(self, task_id: str, *, after: int = 0) -> list[tasks_pb2.TaskEvent]:
        request = tasks_pb2.WatchTaskRequest(task_id=task_id, after_sequence=after)
        return [response.event async for response in self.tasks.WatchTask(request)]  # pyright: ignore[reportGeneralTypeIssues]  # the stub forgets __aiter__

    async def until(self, task_id: str, event_type: int) -> tasks_pb2.TaskEvent:
        """Wait for an event of a type."""
        stream = self.tasks.WatchTask(tasks_pb2.WatchTaskRequest(task_id=task_id))
        try:
            async for response in stream:  # pyright: ignore[reportGeneralTypeIssues]  # the stub forgets __aiter__
                if response.event.type == event_type:
                    return response.event
        finally:
            stream.cancel()
        raise AssertionError(f"{task_id} ended without {event_type}")


def settings_for(database_url: str, socket_dir: Path, **more: Any) -> OrchestratorSettings:
    given: dict[str, Any] = {
        "database_url": SecretStr(database_url),
        "socket_dir": socket_dir,
        "grpc_ports": {},
        "lease_seconds": 2.0,
        "heartbeat_seconds": 0.5,
        "sweep_seconds": 0.2,
        "arm_silence_seconds": 120.0,
        **more,
    }
    return OrchestratorSettings(**given)


@contextlib.asynccontextmanager
async def running_house(
    settings: OrchestratorSettings, script: Script, *, register: bool = True
) -> AsyncIterator[House]:
    """An orchestrator whose sockets lie in `settings.socket_dir`; the scripted parts must run already."""
    assert settings.socket_dir is not None
    async with (
        build(settings) as running,
        open_channel(running.endpoints["socket"], timeout=120) as channel,
    ):
        house = House(
            script=script,
            socket_dir=settings.socket_dir,
            settings=settings,
            tasks=tasks_pb2_grpc.TaskServiceStub(channel),
            arms=arm_registry_pb2_grpc.ArmRegistryServiceStub(channel),
            status=status_pb2_grpc.StatusServiceStub(channel),
            channel=channel,
            address=running.endpoints.get("grpc", ""),
        )
        if register:
            await house.register_roles()
        yield house


async def eventually(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 20.0) -> None:
    """Wait until something holds that nobody announces."""
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if holds is True or (inspect.isawaitable(holds) and await holds):
                return
            await asyncio.sleep(0.02)
