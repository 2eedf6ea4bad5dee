"""Any arm at the wire: capabilities, execution, provenance, cancelling, permission, registration, health."""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc, execution_pb2
from octollm.orchestrator.v1 import arm_registry_pb2, arm_registry_pb2_grpc
from octollm.service.v1 import status_pb2, status_pb2_grpc
from pydantic import BaseModel, Field

from arms.arm import Arm, Capability, Emit, ModelNeed
from arms.clients import GrpcRegister
from arms.host import HostedArm
from arms.model.session import ModelSession
from arms.permission.verifier import Permission
from arms.step import Artifact, Citation, Progress, Result, Step
from servicekit.channel import open_channel
from servicekit.errors import (
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
    ValidationFailedError,
)
from servicekit.running import Running
from servicekit.status_board import Health, StatusBoard
from tests.arms.wire import RegisterDouble, channel_to, hosted, serving


class Loudness(BaseModel):
    times: int = Field(default=1, ge=1, le=5)


class Shouted(BaseModel):
    length: int


class Shout(Arm):
    """A third party's arm."""

    arm_id = "shout"
    name = "Shout"
    description = "Says it louder."
    capabilities = (
        Capability(name="shout", description="Capitals.", arguments=Loudness, output=Shouted),
        Capability(name="wait", description="Waits until it is cancelled."),
        Capability(name="fail", description="Fails."),
    )

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        if step.capability == "fail":
            raise UnavailableError("out of breath", reason="HOARSE")
        if step.capability == "wait":
            await self._wait(emit)
        assert isinstance(step.arguments, Loudness)
        await emit(Progress(message="breathing in", fraction=0.5))
        text = (step.instruction.upper() + "!") * step.arguments.times
        return Result(
            output=text,
            value=Shouted(length=len(text)),
            confidence=0.9,
            method="rule",
            citations=(Citation(document_id="doc_1", quote="hush"),),
            artifacts=(Artifact(name="shout.txt", media_type="text/plain", content=text),),
        )

    async def _wait(self, emit: Emit) -> None:
        await emit(Progress(message="waiting"))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


def request(capability: str = "shout", **fields: Any) -> arm_pb2.ExecuteRequest:
    return arm_pb2.ExecuteRequest(
        task=execution_pb2.TaskBrief(task_id="task_1", goal="be heard"),
        step_id="s1",
        attempt=1,
        idempotency_key="task_1/s1",
        capability=capability,
        instruction="hello",
        inputs=[execution_pb2.StepInput(step_id="s0", name="before", output="x")],
        **fields,
    )


@pytest.fixture
async def arm() -> AsyncGenerator[tuple[Shout, Running]]:
    shout = Shout()
    async with hosted([shout]) as running:
        yield shout, running


async def events(running: Running, asked: arm_pb2.ExecuteRequest) -> list[arm_pb2.ExecuteResponse]:
    async with channel_to(running, "shout", seconds=20) as channel:
        return [event async for event in arm_pb2_grpc.ArmServiceStub(channel).Execute(asked)]


async def test_capabilities_come_with_their_schemas(arm: tuple[Shout, Running]) -> None:
    async with channel_to(arm[1], "shout") as channel:
        told = await arm_pb2_grpc.ArmServiceStub(channel).GetCapabilities(arm_pb2.GetCapabilitiesRequest())
    assert (told.arm_id, told.cost_tier) == ("shout", 1)
    assert told.instance_id.startswith("shout-")
    shout = told.capabilities[0]
    assert json.loads(shout.input_schema_json)["properties"]["times"]["maximum"] == 5
    assert json.loads(shout.output_schema_json)["required"] == ["length"]
    assert told.capabilities[1].input_schema_json == ""


async def test_a_step_streams_and_ends_with_its_provenance(arm: tuple[Shout, Running]) -> None:
    progress, last = await events(arm[1], request(arguments_json='{"times": 2}'))
    assert (progress.progress.message, progress.progress.fraction) == ("breathing in", 0.5)
    result = last.result
    assert result.output == "HELLO!HELLO!"
    assert json.loads(result.output_json) == {"length": 12}
    assert result.citations[0].quote == "hush"
    assert result.artifacts[0].encoding == "utf-8"
    provenance = result.provenance
    assert (provenance.arm_id, provenance.method, provenance.confidence) == ("shout", "rule", 0.9)
    assert (provenance.model, provenance.prompt_hash) == ("", "")
    assert list(provenance.sources) == ["s0"]
    assert provenance.usage.cost_known
    assert provenance.started_at.ToDatetime() <= provenance.finished_at.ToDatetime()


@pytest.mark.parametrize(
    ("asked", "error", "text"),
    [
        (request(arguments_json='{"times": 9}'), ValidationFailedError, "arguments_json.times"),
        (request(arguments_json='{"times": "x"}'), ValidationFailedError, "arguments_json.times"),
        (request(arguments_json="[]"), ValidationFailedError, "arguments_json"),
        (request("sing"), NotFoundError, "no capability sing"),
        (request("fail"), UnavailableError, "out of breath"),
    ],
)
async def test_failures_are_told(
    arm: tuple[Shout, Running], asked: arm_pb2.ExecuteRequest, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        await events(arm[1], asked)


async def test_cancelling_the_call_stops_the_work(arm: tuple[Shout, Running]) -> None:
    shout, running = arm
    async with channel_to(running, "shout") as channel:
        call = arm_pb2_grpc.ArmServiceStub(channel).Execute(request("wait"))
        async for event in call:
            assert event.progress.message == "waiting"
            break
        call.cancel()
        async with asyncio.timeout(5):
            await shout.cancelled.wait()


class OnlyOpenSesame:
    """Lets one token pass, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []

    async def verify(self, *, token: str, act: str, call: bytes, task_id: str) -> Permission:
        self.asked.append((act, call))
        if token != "sesame":
            raise PermissionDeniedError("no permission for this step")
        return Permission(token=token)


async def test_without_a_valid_token_nothing_is_done() -> None:
    shout, verifier = Shout(), OnlyOpenSesame()
    async with hosted([shout], verifier=verifier) as running:
        with pytest.raises(PermissionDeniedError):
            await events(running, request("wait", capability_token="guess"))
        assert not shout.cancelled.is_set()
        assert len(await events(running, request(capability_token="sesame"))) == 2
    # What a token covers is the call without the token itself.
    bare = arm_pb2.ExecuteRequest.FromString(verifier.asked[1][1])
    assert (bare.capability_token, bare.instruction) == ("", "hello")


@pytest.fixture
async def register() -> AsyncGenerator[tuple[RegisterDouble, GrpcRegister, str]]:
    double = RegisterDouble()
    add = arm_registry_pb2_grpc.add_ArmRegistryServiceServicer_to_server
    with tempfile.TemporaryDirectory(prefix="octo-") as folder:
        address = f"unix:{Path(folder)}/orchestrator.sock"
        async with (
            serving("orchestrator", double, add=add, address=address),
            open_channel(address, timeout=5) as channel,
        ):
            yield double, GrpcRegister(channel=channel), address


async def test_an_arm_registers_beats_and_leaves(register: tuple[RegisterDouble, GrpcRegister, str]) -> None:
    double, client, _ = register
    board = StatusBoard(service="shout")
    async with hosted([HostedArm(arm=Shout(), board=board)], register=client) as running:
        told = await double.next(arm_registry_pb2.RegisterArmRequest)
        assert told.arm.endpoint == running.endpoints["shout"]
        assert [capability.name for capability in told.arm.capabilities] == ["shout", "wait", "fail"]
        assert told.status == arm_registry_pb2.ARM_STATUS_HEALTHY
        beat = await double.next(arm_registry_pb2.HeartbeatArmRequest)
        assert (beat.instance_id, beat.running) == (told.instance_id, 0)
        board.set("voice", Health.UNAVAILABLE, detail="hoarse", required=True)
        while beat.status != arm_registry_pb2.ARM_STATUS_UNAVAILABLE:
            beat = await double.next(arm_registry_pb2.HeartbeatArmRequest)
        assert beat.status_detail == "voice: hoarse"
        await running.drain(1)
        left = await double.next(arm_registry_pb2.DeregisterArmRequest)
        assert left.instance_id == told.instance_id
        assert not double.known


async def test_a_forgotten_arm_registers_again(register: tuple[RegisterDouble, GrpcRegister, str]) -> None:
    double, client, _ = register
    async with hosted([Shout()], register=client):
        first = await double.next(arm_registry_pb2.RegisterArmRequest)
        double.known.clear()
        second = await double.next(arm_registry_pb2.RegisterArmRequest)
    assert first.instance_id == second.instance_id


async def test_an_orchestrator_that_comes_late_finds_the_arm() -> None:
    double = RegisterDouble()
    add = arm_registry_pb2_grpc.add_ArmRegistryServiceServicer_to_server
    with tempfile.TemporaryDirectory(prefix="octo-") as folder:
        address = f"unix:{Path(folder)}/orchestrator.sock"
        async with (
            open_channel(address, timeout=5) as channel,
            hosted([Shout()], register=GrpcRegister(channel=channel)) as running,
        ):
            assert len(await events(running, request())) == 2
            async with serving("orchestrator", double, add=add, address=address):
                await double.next(arm_registry_pb2.RegisterArmRequest)


class NeedsModel(Shout):
    model_need = ModelNeed.REQUIRED


class LikesModel(Shout):
    arm_id = "likes"
    model_need = ModelNeed.HELPS


async def test_health_tells_the_models_state() -> None:
    async with hosted([NeedsModel(), LikesModel()]) as running:
        for name, state, serving_state in (
            ("shout", status_pb2.STATE_UNAVAILABLE, health_pb2.HealthCheckResponse.NOT_SERVING),
            ("likes", status_pb2.STATE_DEGRADED, health_pb2.HealthCheckResponse.SERVING),
        ):
            async with grpc.aio.insecure_channel(running.endpoints[name]) as channel:
                status = await status_pb2_grpc.StatusServiceStub(channel).GetStatus(
                    status_pb2.GetStatusRequest()
                )
                stub: Any = health_pb2_grpc.HealthStub(channel)
                health = await stub.Check(health_pb2.HealthCheckRequest())
            assert status.state == state
            assert "no server of" in status.dependencies[0].detail
            assert health.status == serving_state


@pytest.mark.model
async def test_a_ready_model_makes_the_arm_healthy(model_state_file: Path) -> None:
    async with (
        hosted([NeedsModel()], model_state_file=model_state_file) as running,
        channel_to(running, "shout") as channel,
    ):
        status = await status_pb2_grpc.StatusServiceStub(channel).GetStatus(status_pb2.GetStatusRequest())
    assert status.state == status_pb2.STATE_HEALTHY


class Refusing:
    """A register that lets nobody in."""

    async def register(self, **_: Any) -> float:
        raise PermissionDeniedError("arms may not register here")

    async def heartbeat(self, **_: Any) -> bool:
        return False

    async def deregister(self, **_: Any) -> None:
        """Nobody is in."""


async def test_an_arm_that_is_not_let_in_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", logger="arms.registration"):
        async with hosted([Shout()], register=Refusing()):
            await asyncio.sleep(0.5)  # several tries
    assert [record.getMessage() for record in caplog.records] == [
        "not registered: arms may not register here"
    ]


class Holding(Shout):
    """Holds something while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.holds = False

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        self.holds = True
        try:
            yield
        finally:
            self.holds = False


async def test_an_arm_holds_what_it_needs_as_long_as_it_runs() -> None:
    arm = Holding()
    async with hosted([arm]):
        assert arm.holds
    assert not arm.holds
