"""How every service works and what it counted, asked for at most once at a time and shared for a moment."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from octollm.service.v1 import status_pb2 as pb

from gateway.clients import Clients
from servicekit.errors import OctoError

if TYPE_CHECKING:  # exists in the stubs' types only
    from octollm.service.v1.status_pb2_grpc import StatusServiceAsyncStub

PATIENCE = 1.0
"""Seconds that a service may take to tell how it is."""

FRESH_SECONDS = 0.5
"""How long an answer is shared: probes are not rate-limited, and must not multiply into every service."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Reply(Generic[T]):
    """What one service said.

    Attributes:
        value: its answer; None when there was none.
        reason: why there was none, for people.
    """

    value: T | None
    reason: str = ""


class Shared(Generic[T]):
    """The latest value of something dear to fetch."""

    def __init__(self, fetch: Callable[[], Awaitable[T]]) -> None:
        self._fetch = fetch
        self._running: asyncio.Task[T] | None = None
        self._until = 0.0

    async def get(self) -> T:
        """The value, at most `FRESH_SECONDS` old; several callers wait for one fetch."""
        now = asyncio.get_running_loop().time()
        if self._running is None or (self._running.done() and now >= self._until):
            self._running = asyncio.ensure_future(self._fetch_now())
        return await asyncio.shield(self._running)

    async def _fetch_now(self) -> T:
        value = await self._fetch()
        self._until = asyncio.get_running_loop().time() + FRESH_SECONDS
        return value


class StatusBook:
    """Asks the services."""

    def __init__(self, *, clients: Clients) -> None:
        self._status = {name: Shared(asking_status(stub)) for name, stub in clients.status.items()}
        self._metrics = {name: Shared(asking_metrics(stub)) for name, stub in clients.status.items()}

    async def statuses(self, names: Sequence[str]) -> Mapping[str, Reply[pb.GetStatusResponse]]:
        """How these services say they are."""
        replies = await asyncio.gather(*(self._status[name].get() for name in names))
        return dict(zip(names, replies, strict=True))

    async def metrics(self, names: Sequence[str]) -> Mapping[str, Reply[pb.GetMetricsResponse]]:
        """What these services counted."""
        replies = await asyncio.gather(*(self._metrics[name].get() for name in names))
        return dict(zip(names, replies, strict=True))


def asking_status(stub: "StatusServiceAsyncStub") -> Callable[[], Awaitable[Reply[pb.GetStatusResponse]]]:
    """What asks a service how it is."""
    return _asking(stub.GetStatus, pb.GetStatusRequest())


def asking_metrics(stub: "StatusServiceAsyncStub") -> Callable[[], Awaitable[Reply[pb.GetMetricsResponse]]]:
    """What asks a service for its metrics."""
    return _asking(stub.GetMetrics, pb.GetMetricsRequest())


def _asking(method: Callable[..., Awaitable[T]], request: object) -> Callable[[], Awaitable[Reply[T]]]:
    async def ask() -> Reply[T]:
        try:
            return Reply(value=await method(request, timeout=PATIENCE))
        except OctoError as error:
            return Reply(value=None, reason=error.message)

    return ask
