"""Everything hostile at once, for seconds, against a gateway in a process of its own.

Meanwhile honest callers are served as fast as before, and memory stays where it was.
"""

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.gateway.fakes import fakes

pytestmark = pytest.mark.timeout(180)

SECONDS = 5.0
MOST_GROWTH = 5 * 2**20
MOST_P99 = 0.1
TRICKLERS = 60

HEAD = b"POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
SHOTS = [
    HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /api/v1/stats HTTP/1.1\nHost: x\n\n",
    HEAD + b"Content-Length: 99999999\r\n\r\n" + b" " * 100_000,
    HEAD + b"X: " + b"a" * 60_000 + b"\r\n\r\n",
    HEAD + b"".join(b"X-%d: a\r\n" % number for number in range(4_000)) + b"\r\n",
    HEAD + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000,
    HEAD + b'Content-Length: 60020\r\n\r\n{"goal":"x","a":"' + b"\\ud800" * 10_000 + b'"}',
    HEAD + b"Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n" + b"\x1f\x8b" * 5,
    b"\x16\x03\x01" + b"\x00" * 500,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]
"""Each is sent and forgotten."""

ENDLESS = b"8000\r\n" + b" " * 0x8000 + b"\r\n"


@dataclass(frozen=True)
class Target:
    """The process under attack."""

    base: str
    process: psutil.Process

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])


@pytest.fixture
async def target(socket_dir: Path) -> AsyncGenerator[Target]:
    told = {
        "OCTOLLM_SOCKET_DIR": str(socket_dir),
        "OCTOLLM_CONNECTIONS_PER_IP": "0",
        "OCTOLLM_HEADER_SECONDS": "1.5",
    }
    command = [sys.executable, "-m", "cli.main", "serve", "gateway", "--port", "0"]
    async with fakes(socket_dir, arms=()):
        served = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **told}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert served.stdout is not None
        ready = json.loads(await served.stdout.readline())
        yield Target(ready["endpoints"]["gateway"]["rest"], psutil.Process(served.pid))
        served.terminate()
        await served.wait()


async def sent(target: Target, *pieces: bytes, pause: float = 0.0) -> None:
    """Send pieces and read until the gateway ends it."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            async with asyncio.timeout(3):
                await reader.read(65_536)
        finally:
            writer.close()


async def shoot(target: Target) -> None:
    for shot in SHOTS:
        await sent(target, shot)
        await asyncio.sleep(0.02)


async def trickle(target: Target) -> None:
    await sent(target, b"GET /api/v1/stats HTTP/1.1\r\n", *[b"X: a\r\n"] * 30, pause=0.1)


async def pour(target: Target) -> None:
    await sent(target, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[ENDLESS] * 40)
    await asyncio.sleep(0.05)


async def repeated(attack: Callable[[Target], Awaitable[None]], target: Target, *, until: float) -> None:
    while time.monotonic() < until:
        await attack(target)


async def honest(target: Target, *, until: float) -> list[float]:
    """How long one honest caller waits, again and again."""
    waits: list[float] = []
    async with httpx.AsyncClient(base_url=f"{target.base}/api/v1", timeout=20, trust_env=False) as api:
        while time.monotonic() < until:
            began = time.monotonic()
            assert (await api.get("/tasks")).status_code == 200
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.01)
    return waits


async def attacked(target: Target, *, seconds: float) -> list[float]:
    """Attack; what honest callers waited meanwhile."""
    until = time.monotonic() + seconds
    attacks = [shoot, shoot, pour, *[trickle] * TRICKLERS]
    attackers = [asyncio.create_task(repeated(attack, target, until=until)) for attack in attacks]
    waits = await honest(target, until=until)
    await asyncio.gather(*attackers)
    return waits


def p99(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=100)[98]


async def test_memory_is_flat_and_honest_callers_do_not_notice(target: Target) -> None:
    await attacked(target, seconds=2)  # buffers and caches reach their sizes
    calm = p99(await honest(target, until=time.monotonic() + 2))
    before = target.process.memory_info().rss
    waits = await attacked(target, seconds=SECONDS)
    grown = target.process.memory_info().rss - before
    assert grown < MOST_GROWTH, f"{grown / 2**20:.1f} MiB"
    # Where the machine itself is slow, as slow as it was before.
    assert p99(waits) < max(MOST_P99, 2 * calm), f"p99 {p99(waits) * 1000:.0f} ms, calm {calm * 1000:.0f} ms"
    descriptors = target.process.num_fds()
    assert descriptors < TRICKLERS, descriptors  # nobody's connection is kept
