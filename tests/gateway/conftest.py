"""A real gateway on free ports, in front of real gRPC servers on Unix sockets."""

import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import build
from gateway.routes.table import DOORS
from gateway.settings import GatewaySettings
from servicekit.running import Running
from tests.gateway.fakes import Fakes, fakes

FREE = dict.fromkeys(DOORS, 0)


@dataclass(frozen=True)
class Gateway:
    """A running gateway, and clients of its ports."""

    running: Running
    fakes: Fakes

    def base(self, door: str = "gateway") -> str:
        return self.running.endpoints["rest" if door == "gateway" else f"rest.{door}"]

    def port(self, door: str = "gateway") -> int:
        return int(self.base(door).rpartition(":")[2])

    def client(self, door: str = "gateway") -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"{self.base(door)}/api/v1", timeout=20, trust_env=False)


Starter = Callable[..., AbstractAsyncContextManager[Gateway]]


@pytest.fixture
def socket_dir() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp") as path:  # noqa: S108  # a socket's path must be short
        yield Path(path)


@pytest.fixture
def start(socket_dir: Path) -> Starter:
    """Start a gateway with settings of the test's own."""

    @asynccontextmanager
    async def started(**settings: Any) -> AsyncGenerator[Gateway]:
        async with fakes(socket_dir) as behind:
            own = GatewaySettings(**{"ports": FREE, "socket_dir": socket_dir, **settings})
            async with build(own) as running:
                yield Gateway(running, behind)

    return started


@pytest.fixture
async def gateway(start: Starter) -> AsyncGenerator[Gateway]:
    async with start() as it:
        yield it


@pytest.fixture
async def api(gateway: Gateway) -> AsyncGenerator[httpx.AsyncClient]:
    async with gateway.client() as client:
        yield client
