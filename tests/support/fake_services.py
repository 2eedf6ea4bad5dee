"""Stands in for the four services: real `cli.serve`, real sockets, and services that only note what happens.

    fake_services.py NAME...

FAKE_TROUBLE says what goes wrong in a process: ``refuse:NAME``, ``hang:NAME``, ``deaf:NAME``, ``slow:NAME``.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import psycopg

from cli.serve import Builder, main
from servicekit.errors import UnavailableError
from servicekit.running import Running
from servicekit.settings import ServiceSettings

SETTINGS = ServiceSettings()
TROUBLE = os.environ.get("FAKE_TROUBLE", "")


def note(event: str) -> None:
    """Append a line that no other process can tear."""
    assert SETTINGS.data_dir is not None
    with (SETTINGS.data_dir / "events").open("a") as events:
        events.write(f"{time.monotonic():.6f} {event}\n")


async def touch_database(name: str) -> None:
    """Use the database if we were told of one."""
    if url := os.environ.get("OCTOLLM_DATABASE_URL"):
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name}".encode())


async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"here\n")
    writer.close()


@asynccontextmanager
async def build(name: str) -> AsyncGenerator[Running]:
    if f"refuse:{name}" == TROUBLE:
        raise UnavailableError(f"{name} has no luck today")
    if f"hang:{name}" == TROUBLE:
        note(f"{name} hangs")
        await asyncio.Event().wait()
    if f"deaf:{name}" == TROUBLE:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, note, f"{name} is deaf")
    await touch_database(name)
    assert SETTINGS.socket_dir is not None
    path = Path(SETTINGS.socket_dir) / f"{name}.sock"
    port = SETTINGS.ports[name] if name == "gateway" else SETTINGS.grpc_ports.get(name, 0)
    server = await asyncio.start_server(answer, SETTINGS.host, port)
    local = await asyncio.start_unix_server(answer, path)

    async def drain(seconds: float) -> None:
        note(f"{name} drains")
        if f"slow:{name}" == TROUBLE:
            await asyncio.sleep(seconds)

    note(f"{name} runs")
    try:
        async with server, local:
            yield Running(name=name, endpoints={"socket": f"unix:{path}"}, drain=drain)
    finally:
        note(f"{name} ended")


def builder(name: str) -> Builder:
    def call() -> AbstractAsyncContextManager[Running]:
        return build(name)

    return call


if __name__ == "__main__":
    main({name: builder(name) for name in ("gateway", "orchestrator", "reflex", "arms")})
