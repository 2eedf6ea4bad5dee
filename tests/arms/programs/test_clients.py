"""Programs over the wire: the executor that the register names, and every way in which nothing is run."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from octollm.arms.v1 import coder_pb2, coder_pb2_grpc
from octollm.orchestrator.v1 import (
    arm_registry_pb2,
    arm_registry_pb2_grpc,
    capability_pb2,
    capability_pb2_grpc,
)
from octollm.service.v1 import status_pb2, status_pb2_grpc

from arms.coder.app import host_coder
from arms.executor.app import host_executor
from arms.executor.settings import ExecutorSettings
from arms.permission.held import hold
from arms.programs.clients import GrpcRunner
from arms.programs.program import NotRunError, Program
from servicekit.capability.clients import Capabilities
from servicekit.channel import open_channel
from servicekit.context import set_deadline
from servicekit.errors import DeadlineError, NotFoundError, PermissionDeniedError, UnavailableError
from servicekit.metrics import Metrics
from servicekit.running import Running
from servicekit.server import serve
from servicekit.status_board import StatusBoard
from tests.arms.wire import channel_to, hosted

PRINT = Program(
    language="python",
    source="print(open('a').read()); open('b', 'w').write('x')",
    files={"a": "in"},
    outputs=("b",),
)


class Orchestrator(
    arm_registry_pb2_grpc.ArmRegistryServiceServicer, capability_pb2_grpc.CapabilityServiceServicer
):
    """Knows one executor, and delegates unless the test says otherwise."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.delegated: list[capability_pb2.DelegateCapabilityRequest] = []
        self.refuses = False

    async def GetArm(
        self, request: arm_registry_pb2.GetArmRequest, context: Any
    ) -> arm_registry_pb2.GetArmResponse:
        if not self.endpoint:
            raise NotFoundError("no arm executor is registered")
        description = arm_registry_pb2.ArmDescription(arm_id=request.arm_id, endpoint=self.endpoint)
        return arm_registry_pb2.GetArmResponse(
            arm=arm_registry_pb2.Arm(description=description, instance_id="executor-1")
        )

    async def DelegateCapability(
        self, request: capability_pb2.DelegateCapabilityRequest, context: Any
    ) -> capability_pb2.DelegateCapabilityResponse:
        self.delegated.append(request)
        if self.refuses:
            raise PermissionDeniedError("the token leads to no code_execution", reason="CAPABILITY_SCOPE")
        return capability_pb2.DelegateCapabilityResponse(token="narrower")


@asynccontextmanager
async def orchestrator(double: Orchestrator, *, folder: Path) -> AsyncGenerator[Running]:
    def register(server: grpc.aio.Server) -> None:
        arm_registry_pb2_grpc.add_ArmRegistryServiceServicer_to_server(double, server)
        capability_pb2_grpc.add_CapabilityServiceServicer_to_server(double, server)

    async with serve(
        name="orchestrator",
        addresses=[f"unix:{folder / 'o.sock'}"],
        register=register,
        services=[],
        board=StatusBoard(service="orchestrator"),
        metrics=Metrics(),
    ) as running:
        yield running


@asynccontextmanager
async def runner_of(double: Orchestrator, *, folder: Path) -> AsyncGenerator[GrpcRunner]:
    async with (
        orchestrator(double, folder=folder) as running,
        open_channel(running.endpoints["socket"], timeout=5) as register,
    ):
        runner = GrpcRunner(
            register=register,
            open_channel=lambda endpoint: open_channel(endpoint, timeout=30),
            capabilities=Capabilities(channel=register),
        )
        yield runner
        await runner.close()


async def ready(running: Running) -> None:
    """Wait until the executor's sandbox has passed its test."""
    async with channel_to(running, "executor") as channel:
        stub = status_pb2_grpc.StatusServiceStub(channel)
        while True:
            status = await stub.GetStatus(status_pb2.GetStatusRequest())
            if status.state == status_pb2.STATE_HEALTHY:
                return
            await asyncio.sleep(0.05)


async def test_programs_run_at_the_executor_with_a_delegated_token(staging_dir: Path, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        executor = host_executor(ExecutorSettings(executor_staging_dir=staging_dir, executor_places=1))
        running = await stack.enter_async_context(hosted([executor]))
        await ready(running)
        double = Orchestrator(running.endpoints["executor"])
        runner = await stack.enter_async_context(runner_of(double, folder=tmp_path))
        hold("held")
        ran = await runner.run(PRINT)
        assert (ran.exit_code, ran.stdout, ran.files) == (0, "in\n", {"b": "x"})
        asked = double.delegated[0]
        assert (asked.token, list(asked.grant.acts)) == ("held", ["code_execution"])
        assert asked.grant.audience_instance_id == "executor-1"
        script = Program(language="javascript", source="console.log(6 * 7); process.exit(3)")
        ran = await runner.run(script)
        assert (ran.exit_code, ran.stdout) == (3, "42\n")
        double.refuses = True
        with pytest.raises(NotRunError, match="leads to no code_execution"):
            await runner.run(PRINT)


async def test_every_way_in_which_nothing_is_run(staging_dir: Path, tmp_path: Path) -> None:
    double = Orchestrator("")
    async with runner_of(double, folder=tmp_path) as runner:
        with pytest.raises(NotRunError, match="no arm executor is registered"):
            await runner.run(PRINT)
        double.endpoint = f"unix:{tmp_path / 'gone.sock'}"
        with pytest.raises(NotRunError):
            await runner.run(PRINT)
        async with hosted([host_coder()]) as running:  # no executor at all: the method is missing
            double.endpoint = running.endpoints["coder"]
            with pytest.raises(NotRunError):
                await runner.run(PRINT)
        set_deadline(0.0)
        try:
            with pytest.raises(DeadlineError):
                await runner.run(PRINT)
        finally:
            set_deadline(None)


async def test_an_executor_without_a_sandbox_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arms.executor.sandbox.parts.LIMITER", "/nonexistent/prlimit")
    executor = host_executor(ExecutorSettings(executor_staging_dir=tmp_path))
    async with hosted([executor]) as running:
        double = Orchestrator(running.endpoints["executor"])
        async with runner_of(double, folder=tmp_path) as runner:
            with pytest.raises(NotRunError, match="The sandbox does not work, so nothing was run"):
                await runner.run(PRINT)


async def test_without_a_model_the_coder_still_says_so(tmp_path: Path) -> None:
    async with hosted([host_coder()]) as running, channel_to(running, "coder") as channel:
        with pytest.raises(UnavailableError, match="no server of"):
            await coder_pb2_grpc.CoderServiceStub(channel).WriteCode(
                coder_pb2.WriteCodeRequest(action=coder_pb2.CODE_ACTION_GENERATE, instruction="Add.")
            )
