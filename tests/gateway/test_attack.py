"""Half-open connections and floods at the door while honest callers are served."""

import asyncio
import contextlib
import socket

from tests.gateway.conftest import Starter
from tests.gateway.raw import read_answer, send_raw


async def test_half_open_requests_are_ended_and_disturb_nobody(start: Starter) -> None:
    async with start(header_seconds=1.0, connections_per_ip=0) as gateway, gateway.client() as api:
        opened = [await asyncio.open_connection("127.0.0.1", gateway.port()) for _ in range(300)]
        for _, writer in opened:
            writer.write(b"POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        for _ in range(20):
            assert (await api.post("/tasks", json={"goal": "x"})).status_code == 202
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*(read_answer(reader) for reader, _ in opened))
        assert {answer.status for answer in answers} == {408}
        for _, writer in opened:
            writer.close()
        assert (await api.get("/stats")).status_code == 200


async def test_bytes_that_trickle_do_not_win_time(start: Starter) -> None:
    async with start(header_seconds=0.5) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port())

        async def trickle() -> None:
            writer.write(b"GET /api/v1/stats HTTP/1.1\r\n")
            for number in range(200):
                writer.write(b"X-%d: a\r\n" % number)
                await asyncio.sleep(0.05)

        trickling = asyncio.create_task(trickle())
        async with asyncio.timeout(8):
            assert (await read_answer(reader)).status == 408
        trickling.cancel()
        writer.close()


async def test_a_burst_of_garbage_leaves_the_door_open(start: Starter) -> None:
    async with start(header_seconds=1.0, connections_per_ip=0) as gateway, gateway.client() as api:
        garbage = [bytes([number]) * 50 + b"\r\n\r\n" for number in range(256)]
        answers = await asyncio.gather(*(send_raw(gateway.port(), data) for data in garbage))
        assert {answer.status for answer in answers} <= {
            400,
            408,
        }  # a line that may still become a request is waited for
        assert (await api.get("/stats")).status_code == 200


async def test_a_client_that_does_not_read_is_cut_off(start: Starter) -> None:
    async with start(write_seconds=0.3) as gateway, gateway.client() as api:
        for _ in range(100):
            gateway.fakes.tasks.add(context_json='{"a":"' + "x" * 60_000 + '"}')
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            arrived = 0
            loop = asyncio.get_running_loop()
            await loop.sock_connect(deaf, ("127.0.0.1", gateway.port()))
            await loop.sock_sendall(deaf, b"GET /api/v1/tasks?page_size=100 HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(1.5)  # longer than it may
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(20):
                    while data := await loop.sock_recv(deaf, 65_536):
                        arrived += len(data)
        whole = await api.get("/tasks?page_size=100")
        assert len(whole.json()["data"]) == 100
        assert arrived < len(whole.content)
