"""A server that takes connections and never says a word, as a frozen one does."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path


@contextlib.asynccontextmanager
async def silent_postgres(folder: Path) -> AsyncGenerator[tuple[str, asyncio.Event]]:
    """Run one until the block ends; yields its URL, and an event that is set when somebody connects."""
    connected = asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(swallow, folder / ".s.PGSQL.5432")
    try:
        yield f"postgresql:///x?host={folder}", connected
    finally:
        server.close()
