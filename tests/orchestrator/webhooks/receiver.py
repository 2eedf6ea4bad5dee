"""A receiver of webhooks over TLS, with an authority of its own."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme

OK, REDIRECT = "200 OK\r\ncontent-length: 99999999999", "302 Found\r\nlocation: /elsewhere"


@dataclass(frozen=True)
class Call:
    """What a receiver got."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers in turn with what it is told, then with 200; None says nothing at all."""

    port: int = 0
    ca_file: Path = Path()
    answers: list[str | None] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines) | _signature(lines)
            body = await reader.readexactly(int(headers["content-length"]))
            self.calls.append(Call(first.split()[1], headers, body))
            answer = self.answers.pop(0) if self.answers else OK
            if answer is None:
                await reader.read()
            else:
                writer.write(f"HTTP/1.1 {answer}\r\n\r\n".encode())
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/hook?token=zebra"

    @property
    def ids(self) -> set[str]:
        return {call.headers["webhook-id"] for call in self.calls}


def _signature(lines: list[str]) -> dict[str, str]:
    """Its case matters."""
    return dict(line.split(": ", 1) for line in lines if line.startswith("webhook-signature"))


@asynccontextmanager
async def receiving(folder: Path) -> AsyncGenerator[Receiver]:
    """Run one on a free port of localhost; its authority's certificate lies in the folder."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    told = Receiver(ca_file=folder / "ca.pem")
    authority.cert_pem.write_to_path(told.ca_file)
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0, ssl=context)
    async with server:
        told.port = server.sockets[0].getsockname()[1]
        yield told
