"""Arms on Unix sockets for tests, and a register and a reflex that do what the test says, at the wire."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from octollm.orchestrator.v1 import arm_registry_pb2, arm_registry_pb2_grpc
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from arms.arm import Arm
from arms.host import HostedArm, Shared, serve_arms
from arms.model.layer import ModelChoice, open_model_layer
from arms.permission.verifier import Verifier
from arms.registration import Register
from arms.settings import ArmsSettings
from servicekit.channel import open_channel
from servicekit.metrics import Metrics
from servicekit.running import Running
from servicekit.server import serve
from servicekit.status_board import StatusBoard

Context = grpc.aio.ServicerContext[Any, Any]


@asynccontextmanager
async def hosted(
    arms: Sequence[HostedArm | Arm],
    *,
    model_state_file: Path | None = None,
    register: Register | None = None,
    verifier: Verifier | None = None,
) -> AsyncGenerator[Running]:
    """Run arms, each on a socket of its own."""
    ready = [
        each if isinstance(each, HostedArm) else HostedArm(arm=each, board=StatusBoard(service=each.arm_id))
        for each in arms
    ]
    choice = ModelChoice(name="local-small", state_file=model_state_file)
    with tempfile.TemporaryDirectory(prefix="octo-") as folder:
        settings = ArmsSettings(socket_dir=Path(folder), grpc_ports={})
        async with open_model_layer(choice) as layer:
            shared = Shared(settings=settings, layer=layer, register=register, verifiers=lambda _: verifier)
            async with serve_arms(ready, shared=shared) as running:
                yield running


@asynccontextmanager
async def channel_to(
    running: Running, name: str, *, seconds: float = 170
) -> AsyncGenerator[grpc.aio.Channel]:
    """A channel to one of the arms."""
    async with open_channel(running.endpoints[name], timeout=seconds) as channel:
        yield channel


@dataclass(kw_only=True)
class RegisterDouble(arm_registry_pb2_grpc.ArmRegistryServiceServicer):
    """Remembers what arms tell it; forgets an instance when the test says so."""

    interval: float = 0.05
    known: dict[str, arm_registry_pb2.RegisterArmRequest] = field(default_factory=dict)
    told: "asyncio.Queue[Any]" = field(default_factory=asyncio.Queue)

    async def RegisterArm(
        self, request: arm_registry_pb2.RegisterArmRequest, context: Context
    ) -> arm_registry_pb2.RegisterArmResponse:
        self.known[request.instance_id] = request
        self.told.put_nowait(request)
        return arm_registry_pb2.RegisterArmResponse(heartbeat_interval_seconds=self.interval)

    async def HeartbeatArm(
        self, request: arm_registry_pb2.HeartbeatArmRequest, context: Context
    ) -> arm_registry_pb2.HeartbeatArmResponse:
        self.told.put_nowait(request)
        return arm_registry_pb2.HeartbeatArmResponse(known=request.instance_id in self.known)

    async def DeregisterArm(
        self, request: arm_registry_pb2.DeregisterArmRequest, context: Context
    ) -> arm_registry_pb2.DeregisterArmResponse:
        self.known.pop(request.instance_id, None)
        self.told.put_nowait(request)
        return arm_registry_pb2.DeregisterArmResponse()

    async def next(self, kind: type[Any]) -> Any:
        """The next thing of that kind that an arm tells."""
        async with asyncio.timeout(20):
            while not isinstance(told := await self.told.get(), kind):
                pass
            return told


@dataclass(kw_only=True)
class ReflexDouble(reflex_pb2_grpc.ReflexServiceServicer):
    """Finds the word SECRET and blocks the word ATTACK."""

    requests: list[reflex_pb2.CheckBatchRequest] = field(default_factory=list)

    async def CheckBatch(
        self, request: reflex_pb2.CheckBatchRequest, context: Context
    ) -> reflex_pb2.CheckBatchResponse:
        self.requests.append(request)
        return reflex_pb2.CheckBatchResponse(
            results=[self._result(text, injection=request.options.injection) for text in request.texts]
        )

    async def GetStats(
        self, request: reflex_pb2.GetStatsRequest, context: Context
    ) -> reflex_pb2.GetStatsResponse:
        return reflex_pb2.GetStatsResponse()

    def _result(self, text: str, *, injection: bool) -> reflex_pb2.CheckResponse:
        if injection and "ATTACK" in text:
            return reflex_pb2.CheckResponse(
                action=reflex_pb2.ACTION_BLOCK,
                findings=[_found(text, "ATTACK", reflex_pb2.CATEGORY_INJECTION)],
            )
        if "SECRET" in text:
            return reflex_pb2.CheckResponse(
                action=reflex_pb2.ACTION_SANITIZE,
                findings=[_found(text, "SECRET", reflex_pb2.CATEGORY_SECRET)],
                sanitized_text=text.replace("SECRET", "[KEY]"),
            )
        return reflex_pb2.CheckResponse(action=reflex_pb2.ACTION_ALLOW, sanitized_text=text)


def _found(text: str, word: str, category: reflex_pb2.Category.ValueType) -> reflex_pb2.Finding:
    start = text.index(word)
    return reflex_pb2.Finding(
        category=category, type="test", severity=reflex_pb2.SEVERITY_HIGH, start=start, end=start + len(word)
    )


@asynccontextmanager
async def serving(name: str, servicer: Any, *, add: Any, address: str) -> AsyncGenerator[Running]:
    """Serve a double as a real service."""

    def register(server: grpc.aio.Server) -> None:
        add(servicer, server)

    async with serve(
        name=name,
        addresses=[address],
        register=register,
        services=[],
        board=StatusBoard(service=name),
        metrics=Metrics(),
    ) as running:
        yield running
