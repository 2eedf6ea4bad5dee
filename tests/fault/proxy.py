"""Stands between an orchestrator and PostgreSQL: loses replies, or strikes at a statement, when told to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo


@dataclass(frozen=True, kw_only=True)
class Strike:
    """Something to do once, when a statement passes.

    Attributes:
        text: what the statement contains.
        after: whether the server has carried it out by then; it has not heard of it otherwise.
        act: what is done.
    """

    text: bytes
    after: bool
    act: Callable[[], Awaitable[None]]


class Proxy:
    """A proxy on a Unix socket.

    Args:
        url: where clients connect to.
        target: PostgreSQL's own socket.
    """

    def __init__(self, *, url: str, target: Path) -> None:
        self.url = url
        self.lost = 0
        self._target = target
        self._poison: bytes | None = None
        self._strike: Strike | None = None
        self.struck = asyncio.Event()
        self._acting: asyncio.Task[None] | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def in_front_of(cls, database_url: str, root: Path) -> AsyncIterator[Self]:
        """Run one until the block ends."""
        given = conninfo_to_dict(database_url)
        port = str(given.get("port") or 5432)
        folder = root / "px"
        folder.mkdir()
        proxy = cls(
            url=make_conninfo(database_url, host=str(folder)),
            target=Path(str(given["host"])) / f".s.PGSQL.{port}",
        )
        server = await asyncio.start_unix_server(proxy._serve, folder / f".s.PGSQL.{port}")
        try:
            yield proxy
        finally:
            server.close()
            for writer in proxy._open:
                writer.close()

    def lose_replies_to(self, text: bytes) -> None:
        """From now on a connection that sends `text` is cut when the server has answered, unheard."""
        self._poison = text
        self.lost = 0

    def heal(self) -> None:
        """Pass everything on again."""
        self._poison = None

    def strike_at(self, strike: Strike) -> None:
        """Do something once at the next statement that fits; that connection passes nothing on any more."""
        self._strike = strike
        self.struck.clear()

    def _due(self, data: bytes) -> Strike | None:
        strike = self._strike
        if strike is None or strike.text not in data:
            return None
        self._strike = None
        return strike

    async def _carry_out(self, strike: Strike) -> None:
        async def act() -> None:
            await strike.act()
            self.struck.set()

        self._acting = asyncio.create_task(act())
        await asyncio.shield(self._acting)  # it may end the client, and with it this connection

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_unix_connection(self._target)
        self._open |= {writer, upstream_writer}
        poisoned = asyncio.Event()
        struck: list[Strike] = []
        back = asyncio.create_task(self._back(upstream_reader, writer, poisoned, struck))
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if self._poison and self._poison in data:
                    poisoned.set()
                strike = self._due(data)
                if strike and not strike.after:
                    await self._carry_out(strike)
                    break
                if strike:
                    struck.append(strike)
                upstream_writer.write(data)
                await upstream_writer.drain()
        upstream_writer.close()
        back.cancel()
        writer.close()

    async def _back(
        self,
        upstream: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        poisoned: asyncio.Event,
        struck: list[Strike],
    ) -> None:
        """Pass answers on; after a poisoned request swallow a whole second of them, then cut."""
        with contextlib.suppress(ConnectionError):
            while data := await upstream.read(65536):
                if struck:
                    await self._carry_out(struck.pop())
                    return
                if poisoned.is_set():
                    self.lost += 1
                    await asyncio.sleep(0.2)  # the server has committed by now
                    writer.transport.abort()
                    return
                writer.write(data)
                await writer.drain()
        writer.close()
