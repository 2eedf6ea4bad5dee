"""Several workers on the same sockets: one limit, one page of metrics, replaced when dead, ended together."""

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import psutil
import pytest
from pydantic import SecretStr

from gateway.settings import GatewaySettings
from gateway.workers.handover import Handover, received
from servicekit.errors import UnavailableError
from tests.gateway.conftest import Gateway, Starter
from tests.gateway.raw import read_answer
from tests.support.fake_run import until_gone
from tests.support.valkey import Valkey

pytestmark = pytest.mark.timeout(180)

WORKERS, LIMIT = 4, 1000


def workers() -> list[psutil.Process]:
    """The worker processes that this one has started."""
    return [child for child in psutil.Process().children() if is_worker(child)]


def is_worker(child: psutil.Process) -> bool:
    try:
        return "gateway.workers" in " ".join(child.cmdline())
    except psutil.Error:  # it has just ended
        return False


async def flood(gateway: Gateway, *, connections: int, requests: int) -> Counter[int]:
    """So many requests on each connection, each in the name of another address."""

    async def one(number: int) -> list[int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port())
        told: list[int] = []
        for request in range(requests):
            head = f"GET /api/v1/stats HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.{number}.{request % 250}"
            writer.write(f"{head}\r\n\r\n".encode())
            told.append((await read_answer(reader)).status)
        writer.close()
        return told

    told = await asyncio.gather(*(one(number) for number in range(connections)))
    return Counter(status for statuses in told for status in statuses)


async def metric(gateway: Gateway, pattern: str) -> float:
    """A sample of the gateway's own, asked for on a new connection: whichever worker answers."""
    async with gateway.client() as api:
        text = (await api.get("/metrics")).text
    found = re.search(rf"^{pattern} (\S+)$", text, re.MULTILINE)
    assert found, text
    return float(found[1])


def counted(status: int) -> str:
    labels = f'service="gateway",method="GET",route="/api/v1/stats",status="{status}"'
    return rf"octollm_http_requests_total\{{{labels}\}}"


RUNNING = r'octollm_http_requests_running\{service="gateway"\}'
ALIVE = r'octollm_gateway_workers\{service="gateway"\}'


@pytest.fixture
async def four(start: Starter, redis_server: Valkey) -> AsyncGenerator[Gateway]:
    async with start(
        gateway_workers=WORKERS,
        rate_limit_ip=LIMIT,
        redis_url=redis_server.url,
        redis_timeout=10,
        redis_pause=60,
        connections_per_ip=0,
    ) as gateway:
        yield gateway


async def test_four_workers_are_one_gateway(four: Gateway, redis_server: Valkey) -> None:
    before = {process.pid for process in workers()}
    assert len(before) == WORKERS

    told = await flood(four, connections=32, requests=125)
    assert told == {200: LIMIT, 429: 3 * LIMIT}
    assert await metric(four, counted(200)) == LIMIT
    assert await metric(four, counted(429)) == 3 * LIMIT
    assert await metric(four, ALIVE) == WORKERS

    os.kill(min(before), signal.SIGKILL)
    await until_replaced(four, before)
    assert await metric(four, counted(200)) == LIMIT  # what the dead one counted stays
    assert await metric(four, RUNNING) == 1  # the scrape itself

    redis_server.kill()
    told = await flood(four, connections=32, requests=100)
    assert 0 < told[200] <= LIMIT  # each grants its part, all together one limit
    assert await metric(four, r'octollm_rate_limit_degraded\{service="gateway"\}') == 1


async def until_replaced(gateway: Gateway, before: set[int]) -> None:
    async with asyncio.timeout(60):
        while True:
            new = {process.pid for process in workers()} - before
            if new and await metric(gateway, ALIVE) == WORKERS:
                return
            await asyncio.sleep(0.1)


async def test_a_drain_lets_requests_end_and_ends_all_workers(start: Starter) -> None:
    async with start(gateway_workers=2) as gateway, gateway.client() as api:
        family, trouble = workers(), gateway.fakes.trouble
        trouble.entered.clear()
        trouble.hang = asyncio.Event()
        asked = asyncio.create_task(api.get("/tasks"))
        await trouble.entered.wait()
        draining = asyncio.ensure_future(gateway.running.drain(20))
        await asyncio.sleep(0.3)
        trouble.hang.set()
        assert (await asked).status_code == 200
        await draining
        assert not [process for process in family if process.is_running()]
        with pytest.raises(httpx.ConnectError):
            await gateway.client().get("/health")


async def test_a_worker_that_cannot_run_says_why(start: Starter) -> None:
    with pytest.raises(UnavailableError, match="OCTOLLM_TRUSTED_PROXIES"):
        async with start(gateway_workers=2, trusted_proxies=("nonsense",)):
            pass
    assert workers() == []


def test_kill_nine_of_the_gateway_leaves_no_worker() -> None:
    """As `octollm serve gateway --workers 2` runs it."""
    command = [sys.executable, "-m", "cli.main", "serve", "gateway", "--workers", "2", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as served:
        assert served.stdout is not None
        base = json.loads(served.stdout.readline())["endpoints"]["gateway"]["rest"]
        family = psutil.Process(served.pid).children(recursive=True)
        assert len(family) == 2
        assert httpx.get(f"{base}/api/v1/health").json()["status"] == "unavailable"
        served.kill()
    asyncio.run(until_gone(family))
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base}/api/v1/health")


def test_a_worker_gets_the_settings_as_they_are_secrets_included() -> None:
    settings = GatewaySettings(
        auth="required",
        internal_key=SecretStr("k" * 40),
        redis_url=SecretStr("redis://h"),
        data_dir=Path("/somewhere"),
        trusted_proxies=("10.0.0.0/8",),
    )
    given = Handover(settings=settings, sockets={"gateway": 3}, metrics=Path("/m"))
    assert received(io.BytesIO(given.line())) == given
