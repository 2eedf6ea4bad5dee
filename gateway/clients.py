"""The other services as the gateway calls them: one channel each, made in the lifespan."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from octollm.arms.v1.arm_pb2_grpc import ArmServiceStub
from octollm.orchestrator.v1.arm_registry_pb2_grpc import ArmRegistryServiceStub
from octollm.orchestrator.v1.identity_pb2_grpc import IdentityServiceStub
from octollm.orchestrator.v1.tasks_pb2_grpc import TaskServiceStub
from octollm.reflex.v1.reflex_pb2_grpc import ReflexServiceStub
from octollm.service.v1.status_pb2_grpc import StatusServiceStub

from servicekit.capability.clients import Capabilities
from servicekit.channel import open_channel
from servicekit.internal_tokens import InternalTokens
from servicekit.settings import ServiceSettings
from servicekit.tls import MutualTls

if TYPE_CHECKING:  # exist in the stubs' types only
    from octollm.arms.v1.arm_pb2_grpc import ArmServiceAsyncStub
    from octollm.orchestrator.v1.arm_registry_pb2_grpc import ArmRegistryServiceAsyncStub
    from octollm.orchestrator.v1.identity_pb2_grpc import IdentityServiceAsyncStub
    from octollm.orchestrator.v1.tasks_pb2_grpc import TaskServiceAsyncStub
    from octollm.reflex.v1.reflex_pb2_grpc import ReflexServiceAsyncStub
    from octollm.service.v1.status_pb2_grpc import StatusServiceAsyncStub

ARMS = ("planner", "executor", "retriever", "coder", "judge", "guardian")
"""The arms that have a port of their own."""

SERVICES = ("orchestrator", "reflex", *ARMS)
"""Everything that the gateway calls."""


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Stubs of the other services.

    Attributes:
        tokens: makes internal tokens for further channels; None while authentication is off.
        tls: secures further channels; None for plain ones.
    """

    tasks: "TaskServiceAsyncStub"
    identity: "IdentityServiceAsyncStub"
    registry: "ArmRegistryServiceAsyncStub"
    reflex: "ReflexServiceAsyncStub"
    arms: Mapping[str, "ArmServiceAsyncStub"]
    capabilities: Capabilities
    status: Mapping[str, "StatusServiceAsyncStub"]
    tokens: InternalTokens | None
    tls: MutualTls | None = None


@asynccontextmanager
async def open_clients(settings: ServiceSettings, *, call_seconds: float) -> AsyncIterator[Clients]:
    """Open a channel to every service for the length of the block; none needs to be there yet.

    Args:
        settings: where the services are.
        call_seconds: seconds a call may take where its caller says nothing else.
    """
    tokens, tls = settings.internal_tokens("gateway"), settings.mutual_tls()
    async with AsyncExitStack() as stack:
        channels: dict[str, grpc.aio.Channel] = {}
        for name in SERVICES:
            channels[name] = await stack.enter_async_context(
                open_channel(settings.target(name), timeout=call_seconds, tokens=tokens, tls=tls, peer=name)
            )
        yield Clients(
            tasks=TaskServiceStub(channels["orchestrator"]),
            identity=IdentityServiceStub(channels["orchestrator"]),
            registry=ArmRegistryServiceStub(channels["orchestrator"]),
            reflex=ReflexServiceStub(channels["reflex"]),
            arms={name: ArmServiceStub(channels[name]) for name in ARMS},
            capabilities=Capabilities(channel=channels["orchestrator"]),
            status={name: StatusServiceStub(channel) for name, channel in channels.items()},
            tokens=tokens,
            tls=tls,
        )
