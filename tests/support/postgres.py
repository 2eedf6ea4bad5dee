"""A real PostgreSQL for tests: one shared by a session, or one of its own for a test that breaks it."""

import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from cli.embedded.configuration import DATABASE, USER
from cli.embedded.postgres import Postgres, embedded_postgres
from cli.embedded.takeover import working_in


class BreakablePostgres:
    """A server with everything that makes data safe switched on, which a test may kill and freeze.

    Args:
        server: the running server.
        data: its data directory.
    """

    def __init__(self, server: Postgres, *, data: Path) -> None:
        self._server = server
        self._data = data

    @property
    def url(self) -> str:
        """URL of an empty database with pgvector in it; stays the same after a restart."""
        return self._server.url

    @property
    def pid(self) -> int:
        """Process id of the server's first process."""
        assert self._server.pid is not None, "not running"
        return self._server.pid

    async def kill(self) -> None:
        """End all of it at once, as a power cut would (SIGKILL)."""
        self._signal(signal.SIGKILL)
        await self._server.wait()

    def pause(self) -> None:
        """Freeze all its processes: connections stay open and nothing is answered (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    async def start(self) -> None:
        """Start it again at the same address; it replays its log first."""
        await self._server.start()

    def _signal(self, number: signal.Signals) -> None:
        for process in working_in(self._data):
            with contextlib.suppress(psutil.NoSuchProcess):  # a server process ends with the main one
                process.send_signal(number)


@asynccontextmanager
async def breakable_postgres(data_dir: Path) -> AsyncGenerator[BreakablePostgres]:
    """Run one for the length of the block; ``data_dir`` must be one that PostgreSQL's user can reach."""
    async with embedded_postgres(
        data_dir=data_dir, log_file=data_dir / "postgres.log", environ=os.environ
    ) as server:
        yield BreakablePostgres(server, data=data_dir / "postgres" / "data")


@contextmanager
def fresh_database(server: Postgres, *, name: str) -> Generator[str]:
    """Make an empty database with pgvector in it, and drop it afterwards, whoever is still connected."""
    database, owner = sql.Identifier(name), sql.Identifier(USER)
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute(create.format(database, sql.Identifier(DATABASE), owner))
        try:
            yield server.url_of(name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
