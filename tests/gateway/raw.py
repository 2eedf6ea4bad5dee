"""HTTP as no client library would send it."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RawAnswer:
    """What came back before the connection ended or the answer was whole."""

    head: str
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1]) if self.head else 0

    def header(self, name: str) -> str | None:
        lines = [line.partition(": ") for line in self.head.split("\r\n")[1:]]
        return next((value for key, _, value in lines if key.lower() == name), None)

    def error(self) -> dict[str, Any]:
        error = json.loads(self.body)["error"]
        assert error["request_id"] == self.header("x-request-id")
        return error


async def send_raw(port: int, data: bytes, *, seconds: float = 15) -> RawAnswer:
    """Send bytes, read one answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(seconds):
            writer.write(data)
            return await read_answer(reader)
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> RawAnswer:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return RawAnswer("", b"")
    answer = RawAnswer(head, b"")
    length = answer.header("content-length")
    return RawAnswer(head, await reader.readexactly(int(length)) if length else b"")
