"""Raw sockets: what no well-behaved client sends, and clients that leave."""

import asyncio
import resource
import sys
from collections.abc import Awaitable, Callable

import pytest

from tests.gateway.conftest import Gateway, Starter
from tests.gateway.raw import read_answer, send_raw

GET = b"GET /api/v1/stats HTTP/1.1\r\nHost: x\r\n"


async def until_true(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await look():  # noqa: ASYNC110  # nothing tells when another process's view has changed
            await asyncio.sleep(0.02)


async def answers(port: int) -> bool:
    return (await send_raw(port, GET + b"\r\n")).status == 200


POST = b"POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "VALIDATION_ERROR"),
        (b"GET /\r\n\r\n", 400, "VALIDATION_ERROR"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "VALIDATION_ERROR"),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400, "VALIDATION_ERROR"),
        (GET + b"A\0: b\r\n\r\n", 400, "VALIDATION_ERROR"),
        (GET + b"No colon\r\n\r\n", 400, "VALIDATION_ERROR"),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "VALIDATION_ERROR"),
        (b"GET /a\x01b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "VALIDATION_ERROR"),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "VALIDATION_ERROR"),
        (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "VALIDATION_ERROR"),
        (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400, "VALIDATION_ERROR"),
        (POST + b"Content-Length: -1\r\n\r\n", 400, "VALIDATION_ERROR"),
        (POST + b"Content-Length: 1_0\r\n\r\n", 400, "VALIDATION_ERROR"),
        (POST + b"Content-Length: 18446744073709551616\r\n\r\n", 400, "VALIDATION_ERROR"),
        (POST + b"Content-Length: 9999999999999\r\n\r\n", 413, "PAYLOAD_TOO_LARGE"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "VALIDATION_ERROR"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400, "VALIDATION_ERROR"),
        (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, "VALIDATION_ERROR"),
        (POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", 400, None),
        (POST + b"Content-Length: +2\r\n\r\n{}", 400, "VALIDATION_ERROR"),
        (POST + b"Content-Length: 2, 2\r\n\r\n{}", 400, "VALIDATION_ERROR"),
        (POST + b"Content-Length: 0x2\r\n\r\n{}", 400, "VALIDATION_ERROR"),
        (GET + b"X: a\r\n folded\r\n\r\n", 400, "VALIDATION_ERROR"),
        (GET + b"X: a\rb\r\n\r\n", 400, "VALIDATION_ERROR"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "VALIDATION_ERROR"),
        (b"GET /api/v1/stats HTTP/1.1\r\n\r\n", 400, "VALIDATION_ERROR"),
        (GET + b"Host: y\r\n\r\n", 400, "VALIDATION_ERROR"),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"GET /api/v1/stats HTTP/1.1\nHost: x\n\n", 400, "VALIDATION_ERROR"),
        (GET + b"X: " + b"a" * 40_000 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
        (
            GET + b"".join(b"X-%d: a\r\n" % number for number in range(5_000)) + b"\r\n",
            431,
            "HEADERS_TOO_LARGE",
        ),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
        (GET + b"X: " + b"a" * 10_000_000, 431, "HEADERS_TOO_LARGE"),
        (GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 200, None),
        (GET + b"Expect: 100-continue\r\n\r\n", 200, None),
        (b"GET http://elsewhere/api/v1/stats HTTP/1.1\r\nHost: x\r\n\r\n", 200, None),
        (b"GET /api/v1/%73tats HTTP/1.1\r\nHost: x\r\n\r\n", 200, None),
        (b"GET /api/v1/stats HTTP/1.0\r\n\r\n", 200, None),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_raw_requests(shared: Gateway, data: bytes, status: int, code: str | None) -> None:
    answer = await send_raw(shared.port(), data)
    assert answer.status == status, answer
    if code:
        assert answer.error()["code"] == code
        assert answer.header("connection") == "close"


async def test_a_head_that_comes_too_slowly(start: Starter) -> None:
    async with start(header_seconds=0.2) as gateway:
        answer = await send_raw(gateway.port(), GET)
        assert (answer.status, answer.error()["code"]) == (408, "TIMEOUT")
        silent = await send_raw(gateway.port(), b"")
        assert silent.status == 0


async def test_the_deadline_of_a_head_does_not_touch_a_running_request(start: Starter) -> None:
    async with start(header_seconds=0.2) as gateway:
        gateway.fakes.trouble.hang = asyncio.Event()
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port())
        writer.write(b"GET /api/v1/tasks HTTP/1.1\r\nHost: x\r\n\r\n")
        await gateway.fakes.trouble.entered.wait()
        writer.write(b"\r\n")  # stray bytes, as some clients send them
        await asyncio.sleep(0.5)
        gateway.fakes.trouble.hang.set()
        assert (await read_answer(reader)).status == 200
        writer.close()


async def test_an_expected_body_is_asked_for(gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port())
    writer.write(POST + b"Expect: 100-continue\r\nContent-Length: 12\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b'{"goal":"x"}')
    assert (await read_answer(reader)).status == 202
    writer.close()


async def test_many_requests_on_one_connection(gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port())
    body = b'{"goal":"x"}'
    for _ in range(3):
        writer.write(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert (await read_answer(reader)).status == 202
    writer.write((GET + b"\r\n") * 5)
    assert [(await read_answer(reader)).status for _ in range(5)] == [200] * 5
    writer.close()


async def test_head_answers_like_get_without_a_body(gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port())
    writer.write(GET.replace(b"GET", b"HEAD") + b"Connection: close\r\n\r\n")
    head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"content-length: " in head
    assert rest == b""
    writer.close()


async def test_an_address_may_not_open_any_number_of_connections(start: Starter) -> None:
    async with start(connections_per_ip=3) as gateway:
        opened = [await asyncio.open_connection("127.0.0.1", gateway.port()) for _ in range(3)]
        for reader, writer in opened:  # each was counted once it answers
            writer.write(GET + b"\r\n")
            assert (await read_answer(reader)).status == 200
        refused = await send_raw(gateway.port(), b"")
        assert (refused.status, refused.error()["code"]) == (429, "RATE_LIMIT")
        assert refused.header("retry-after") == "1"
        opened[0][1].close()
        await opened[0][1].wait_closed()
        await until_true(lambda: answers(gateway.port()))
        for _, writer in opened[1:]:
            writer.close()


@pytest.mark.parametrize(
    "request_line", [b"GET /api/v1/tasks", b"GET /api/v1/tasks/task_0123456789abcdef?wait=60"]
)
async def test_a_client_that_leaves_cancels_the_call(gateway: Gateway, request_line: bytes) -> None:
    trouble = gateway.fakes.trouble
    trouble.hang = asyncio.Event()
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port())
    writer.write(request_line + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    await trouble.entered.wait()
    writer.close()
    async with asyncio.timeout(5):
        await trouble.cancelled.wait()
    async with gateway.client() as api:

        async def left() -> bool:
            text = (await api.get("/metrics")).text
            alone = 'octollm_http_requests_running{service="gateway"} 1.0' in text  # the scrape itself
            return alone and 'status="499"' in text

        await until_true(left)


async def test_endless_chunks_are_cut_off_and_leave_no_memory_behind(gateway: Gateway) -> None:
    async def flood() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port())
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
        sent = 0
        try:
            while sent < 200 * 2**20:
                writer.write(chunk)
                await writer.drain()
                sent += len(chunk)
        except ConnectionError:
            pass
        finally:
            writer.close()
        del reader
        return sent

    await flood()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with asyncio.timeout(60):
        await asyncio.gather(*(flood() for _ in range(3)))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (
        1 if sys.platform == "darwin" else 1024
    )
    assert grown < 20 * 2**20, grown


async def test_slow_bodies_are_cut_off(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.edge.body_limits.BYTES_PER_SECOND", 10**9)
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port())
    writer.write(POST + b"Content-Length: 100\r\n\r\n{")
    async with asyncio.timeout(20):
        answer = await read_answer(reader)
    assert (answer.status, answer.error()["code"]) == (408, "TIMEOUT")
    writer.close()
