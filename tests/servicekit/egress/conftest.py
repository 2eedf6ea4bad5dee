"""A real HTTPS server on the loopback, and a way out that takes it for a public one."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from servicekit.egress.fetch import Fetcher
from servicekit.egress.policy import EgressPolicy

CERTIFICATE = Path(__file__).with_name("certificate.pem")
KEY = Path(__file__).with_name("key.pem")


@dataclass(kw_only=True)
class Server:
    """Answers with what stands under a path, and remembers what it was asked."""

    port: int = 0
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    stays_open: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.lower().splitlines()
            length = next((line.split(":")[1] for line in lines if line.startswith("content-length")), 0)
            body = await reader.readexactly(int(length))
            self.asked.append(head + body.decode())
            answer = self.answers.get(head.split()[1])
            if answer is None:
                await reader.read()  # silent until the caller leaves
            else:
                writer.write(answer)
                await writer.drain()
                if self.stays_open:
                    await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def answer(body: bytes = b"", *, status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def served(*, tls: bool) -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    told = Server()
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0, ssl=context if tls else None)
    async with server:
        told.port = server.sockets[0].getsockname()[1]
        yield told


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Run a server that answers for service.test and other.test."""
    async with served(tls=True) as server:
        yield server


@pytest.fixture
def fetcher(server: Server) -> Fetcher:
    """Return a way out to that server alone."""
    return way_to(server)


def policy_of(**given: Any) -> EgressPolicy:
    return EgressPolicy(setting="OCTOLLM_TEST_HOSTS", field="http.url", **given)


def way_to(server: Server) -> Fetcher:
    return Fetcher(
        policy=policy_of(
            hosts=(f"service.test:{server.port}", f"other.test:{server.port}"),
            address_allowed=lambda address: address == "127.0.0.1",
        ),
        resolver=loopback,
        tls=ssl.create_default_context(cafile=str(CERTIFICATE)),
        timeout=1.0,
    )


async def loopback(host: str, port: int) -> list[str]:
    del host, port
    return ["127.0.0.1"]
