"""A real gateway on free ports, in front of real gRPC servers on Unix sockets."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from gateway.app import build
from gateway.routes.table import DOORS
from gateway.settings import GatewaySettings
from servicekit.internal_tokens import InternalTokens
from servicekit.running import Running
from tests.gateway.fakes import Fakes, fakes

UNAVAILABLE = 503
KEY = SecretStr("k" * 32)
"""The internal key where authentication is on."""

FREE: dict[str, int] = dict.fromkeys(DOORS, 0)


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
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp") as path:
        yield Path(path)


@asynccontextmanager
async def running_gateway(*, arms: Sequence[str] = ("coder",), **settings: Any) -> AsyncGenerator[Gateway]:
    """Run a gateway with settings of the test's own, in front of servers of its own."""
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp") as path:
        given: dict[str, Any] = {"ports": FREE, "socket_dir": path, "rate_limit_ip": 0, **settings}
        tokens = None
        if given.get("auth") == "required":
            given["internal_key"] = KEY
            tokens = InternalTokens(key=KEY.get_secret_value().encode(), caller="orchestrator")
        async with (
            fakes(Path(path), arms=arms, tokens=tokens) as behind,
            build(GatewaySettings(**given)) as running,
        ):
            gateway = Gateway(running, behind)
            if not given["rate_limit_ip"]:  # or these requests would count
                await connected(gateway, arms=arms)
            yield gateway


async def connected(gateway: Gateway, *, arms: Sequence[str]) -> None:
    """Wait until every channel is up: on a busy machine the first attempt to connect may fail."""
    paths = ["/arms", "/cache/none", *(f"/arms/{arm}/capabilities" for arm in arms)]
    key = gateway.fakes.identity.add("test", "admin")
    async with gateway.client() as api, asyncio.timeout(20):
        api.headers["authorization"] = f"Bearer {key}"
        for path in paths:
            while (await api.get(path)).status_code == UNAVAILABLE:  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.05)


@pytest.fixture
def start() -> Starter:
    """Start a gateway in the test itself, once or several times."""
    return running_gateway


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncGenerator[Gateway]:
    """One gateway for all tests of a module; they leave it as they found it."""
    async with running_gateway() as it:
        yield it


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_api(shared: Gateway) -> AsyncGenerator[httpx.AsyncClient]:
    async with shared.client() as client:
        yield client


@pytest.fixture
async def gateway(start: Starter) -> AsyncGenerator[Gateway]:
    async with start() as it:
        yield it


@pytest.fixture
async def api(gateway: Gateway) -> AsyncGenerator[httpx.AsyncClient]:
    async with gateway.client() as client:
        yield client
