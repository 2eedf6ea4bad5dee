"""Every arm by its name: those with a port of their own, and whoever else the orchestrator has registered."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from octollm.arms.v1.arm_pb2_grpc import ArmServiceStub
from octollm.orchestrator.v1 import arm_registry_pb2 as pb
from octollm.service.v1.status_pb2 import GetMetricsResponse, GetStatusResponse
from octollm.service.v1.status_pb2_grpc import StatusServiceStub

from gateway.clients import ARMS, Clients
from gateway.status import Reply, Shared, StatusBook, asking_metrics, asking_status
from servicekit.channel import open_channel
from servicekit.errors import NotFoundError, UnavailableError
from servicekit.principal import service_principal, set_principal

if TYPE_CHECKING:  # exists in the stubs' types only
    from octollm.arms.v1.arm_pb2_grpc import ArmServiceAsyncStub

MOST_CHANNELS = 64
"""Channels to registered arms that are kept open."""

_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class ArmInstance:
    """A running arm, and the channel to it."""

    instance_id: str
    channel: grpc.aio.Channel


@dataclass(frozen=True, kw_only=True)
class _Line:
    """An open channel to a registered arm."""

    channel: grpc.aio.Channel
    service: "ArmServiceAsyncStub"
    status: Shared[Reply[GetStatusResponse]]
    metrics: Shared[Reply[GetMetricsResponse]]


class ArmDirectory:
    """Finds arms.

    Args:
        clients: the platform's own services.
        book: how the platform's own arms are.
        call_seconds: seconds that a call of any other arm may take where its caller says nothing else.
    """

    def __init__(self, *, clients: Clients, book: StatusBook, call_seconds: float) -> None:
        self._clients = clients
        self._book = book
        self._seconds = call_seconds
        self._registered = Shared(self._fetch)
        self._lines: dict[str, _Line] = {}

    async def service(self, arm_id: str) -> "ArmServiceAsyncStub":
        """What every arm serves.

        Raises:
            NotFoundError: there is no such arm.
        """
        if arm_id in ARMS:
            return self._clients.arms[arm_id]
        return (await self._line(arm_id)).service

    async def instance(self, arm_id: str) -> ArmInstance:
        """The registered instance of an arm: the one that a permission is for.

        Raises:
            NotFoundError: there is no such arm.
            UnavailableError: it is one of the platform's own, and not there now.
        """
        found = (await self._registered.get()).get(arm_id)
        if found is None and arm_id in ARMS:
            raise UnavailableError(
                f"the arm {arm_id} is down or still starting; try again shortly", reason="ARM_UNAVAILABLE"
            )
        if found is None:
            raise _unknown(arm_id)
        line = await self._line_of(found)
        return ArmInstance(instance_id=found.instance_id, channel=line.channel)

    async def status(self, arm_id: str) -> Reply[GetStatusResponse]:
        """How an arm says it is.

        Raises:
            NotFoundError: there is no such arm.
        """
        if arm_id in ARMS:
            return (await self._book.statuses([arm_id]))[arm_id]
        return await (await self._line(arm_id)).status.get()

    async def metrics(self, arm_id: str) -> Reply[GetMetricsResponse]:
        """What an arm counted.

        Raises:
            NotFoundError: there is no such arm.
        """
        if arm_id in ARMS:
            return (await self._book.metrics([arm_id]))[arm_id]
        return await (await self._line(arm_id)).metrics.get()

    async def registered(self) -> Sequence[pb.Arm]:
        """Every arm in the register, a moment old at most."""
        return list((await self._registered.get()).values())

    async def close(self) -> None:
        """Close the channels."""
        for line in self._lines.values():
            await line.channel.close()

    async def _line(self, arm_id: str) -> _Line:
        found = (await self._registered.get()).get(arm_id)
        if found is None:
            raise _unknown(arm_id)
        return await self._line_of(found)

    async def _line_of(self, arm: pb.Arm) -> _Line:
        endpoint = arm.description.endpoint
        line = self._lines.pop(endpoint, None) or self._line_to(endpoint, arm_id=arm.description.arm_id)
        self._lines[endpoint] = line  # the newest stands last
        if len(self._lines) > MOST_CHANNELS:
            await self._lines.pop(next(iter(self._lines))).channel.close()
        return line

    def _line_to(self, endpoint: str, *, arm_id: str) -> _Line:
        channel = open_channel(
            endpoint,
            timeout=self._seconds,
            tokens=self._clients.tokens,
            tls=self._clients.tls,
            peer=arm_id,
        )
        status = StatusServiceStub(channel)
        return _Line(
            channel=channel,
            service=ArmServiceStub(channel),
            status=Shared(asking_status(status)),
            metrics=Shared(asking_metrics(status)),
        )

    async def _fetch(self) -> Mapping[str, pb.Arm]:
        set_principal(service_principal("gateway"))  # for whoever waits, not for the one who happened to ask
        found: dict[str, pb.Arm] = {}
        page = 1
        while True:
            told = await self._clients.registry.ListArms(pb.ListArmsRequest(page=page, page_size=_PAGE))
            found |= {it.description.arm_id: it for it in told.arms}
            if page * _PAGE >= told.total_items:
                return found
            page += 1


@asynccontextmanager
async def open_directory(
    *, clients: Clients, book: StatusBook, call_seconds: float
) -> AsyncIterator[ArmDirectory]:
    """The directory for the length of the block."""
    directory = ArmDirectory(clients=clients, book=book, call_seconds=call_seconds)
    try:
        yield directory
    finally:
        await directory.close()


def _unknown(arm_id: str) -> NotFoundError:
    return NotFoundError(f"there is no arm {arm_id}; GET /arms lists them", field="arm_id")
