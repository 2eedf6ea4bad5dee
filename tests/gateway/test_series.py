"""Nothing that a caller writes makes a new metric series, and each request is one line of JSON."""

import asyncio
import io
import json
import logging
import re

import httpx
import pytest

from servicekit.logs import ContextFormatter
from tests.gateway.conftest import Gateway
from tests.gateway.raw import read_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUESTS = 10_000
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND")
LABELS = {"service", "rpc_service", "method", "route", "status", "code", "le", "version", "implementation"}


def hostile(number: int) -> bytes:
    """A request like no other: its own path or id, tenant, request id, agent and key."""
    known = (f"tasks/task_{number:016d}", f"cache/k{number}", f"arms/arm-{number}")
    paths = (f"/api/v1/no-{number}", f"/{number}?q={number}", f"/api/v1/tasks/{number}/x", f"//{number}%00")
    paths += (f"/api/v1/{known[number % 3]}",)
    method = METHODS[number % len(METHODS)] if number % 7 == 0 else "GET"
    return (
        f"{method} {paths[number % len(paths)]} HTTP/1.1\r\nHost: h{number}\r\nX-Tenant: t{number}\r\n"
        f"Authorization: Bearer {number}\r\nX-Request-ID: r{number}\r\nUser-Agent: u{number}\r\n"
        f"Idempotency-Key: k{number}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


async def ask(gateway: Gateway, numbers: range) -> None:
    """All of them on one connection, each after the answer to the one before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port())
    for number in numbers:
        data = hostile(number)
        writer.write(data)
        if data.startswith(b"HEAD"):
            await reader.readuntil(b"\r\n\r\n")
        else:
            assert (await read_answer(reader)).status < 500
    writer.close()


async def series(api: httpx.AsyncClient) -> set[str]:
    text = (await api.get("/metrics")).text
    return {line.rpartition(" ")[0] for line in text.splitlines() if line and not line.startswith("#")}


async def test_ten_thousand_paths_and_tenants_make_no_series(
    shared: Gateway, shared_api: httpx.AsyncClient
) -> None:
    await asyncio.gather(*(ask(shared, range(place, 900, 9)) for place in range(9)))
    before = await series(shared_api)
    part = REQUESTS // 10
    await asyncio.gather(
        *(ask(shared, range(1000 + place * part, 1000 + (place + 1) * part)) for place in range(10))
    )
    new = await series(shared_api) - before
    assert {one for one in new if "GetMetrics" not in one and "/metrics" not in one} == set()  # scrapes count
    for one in before:
        names = re.findall(r'[{,](\w+)="', one)
        assert len(set(names)) == len(names), f"{one} is no valid sample: it names a label twice"
    labels = {name for one in before for name in re.findall(r'[{,](\w+)="', one)}
    assert labels <= LABELS, labels - LABELS


async def line_in(written: io.StringIO) -> None:
    """Wait for the line, which follows the answer."""
    for _ in range(500):
        if written.getvalue():
            return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "value", ['a"b', "a\\nb", "\u2028", "\x1b[31m", "%0d%0a", '{"a":1}', "\u202e", "\x7f", "x" * 300]
)
async def test_each_request_is_one_json_line(
    shared_api: httpx.AsyncClient, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(ContextFormatter(process="test"))
    logger = logging.getLogger("gateway")
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.INFO, logger="gateway"):
            told = value.encode() if value.isprintable() else b"x"  # control characters end as a 400
            headers = {b"X-Request-ID": told, b"User-Agent": told}
            await shared_api.get("/nowhere", params={"q": value}, headers=headers)
            await line_in(written)
    finally:
        logger.removeHandler(handler)
    (line,) = written.getvalue().splitlines()
    logged = json.loads(line)
    assert (logged["message"], logged["status"], logged["route"]) == ("answered", 404, "(none)")
    assert value not in line
