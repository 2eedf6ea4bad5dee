"""PostgreSQL for services: a pool that recovers by itself, and one place where its loss becomes our error.

A server that is dead, frozen or out of reach gives UnavailableError within a bound the caller knows. libpq's
own timeouts do not help there: a Unix socket has no keepalive, and a frozen server's socket stays open.
"""

import asyncio
import os
import select
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from servicekit.errors import UnavailableError
from servicekit.pool_workers import opened

Connection: TypeAlias = psycopg.AsyncConnection[TupleRow]
Pool: TypeAlias = AsyncConnectionPool[Connection]

WITHIN = 1.8
"""Seconds a short transaction may take altogether, so that a caller hears of a dead database within 2 s."""

CONNECT_TIMEOUT = 2
"""Seconds for one connection attempt; libpq takes nothing shorter."""

GIVE_UP = 2.0
"""Seconds of reconnecting in the background; after that each caller starts a new attempt. So the growing
pauses of the pool never keep a recovered database waiting for longer."""

SESSION = (
    "-c idle_in_transaction_session_timeout=60s "
    "-c client_connection_check_interval=1s "  # the server ends a query whose client has left
    "-c lock_timeout={lock:d}ms -c statement_timeout={statement:d}ms"
)

LOST = ("08", "28", "53", "55", "57", "58", "25006")
"""SQLSTATE classes that tell of the server's state, not of the statement: connection, account, resources,
objects in use, operator, system; and a primary that has become a replica."""

CONFLICT = "40"
"""SQLSTATE class of transactions that gave way to another: deadlock, serialization."""


@asynccontextmanager
async def open_pool(
    url: str,
    *,
    name: str,
    min_size: int = 1,
    max_size: int = 10,
    statement_timeout: float = 30.0,
    lock_timeout: float = 5.0,
    on_connect: Callable[[Connection], None] | None = None,
) -> AsyncGenerator[Pool]:
    """Open a pool of autocommit connections for the length of the block; does not wait for the server.

    Args:
        url: libpq URL.
        name: what the server and the logs call its connections, such as ``orchestrator``.
        min_size: connections kept open.
        max_size: connections open at most; more callers queue.
        statement_timeout: seconds after which the server ends a statement.
        lock_timeout: seconds after which the server ends a wait for a lock.
        on_connect: is told of every new connection.

    Yields:
        The pool; take connections from it with ``connection`` or ``transaction`` of this module only.
    """

    async def discard_dead(connection: Connection) -> None:
        if _has_ended(connection):  # then so have the others: one caller finds out for all
            await pool.drain()
            raise psycopg.OperationalError("the server closed an idle connection")

    pool = Pool(
        _conninfo(url, name=name, statement_timeout=statement_timeout, lock_timeout=lock_timeout),
        configure=_configured(on_connect),
        min_size=min_size,
        max_size=max_size,
        name=name,
        timeout=WITHIN,
        open=False,
        check=discard_dead,
        reconnect_timeout=GIVE_UP,
    )
    async with opened(pool):
        yield pool


@asynccontextmanager
async def connection(pool: Pool, *, within: float = WITHIN) -> AsyncGenerator[Connection]:
    """Take a connection for the length of the block; every statement commits by itself.

    Args:
        pool: from ``open_pool``.
        within: seconds for the whole block, waiting for a free connection included. When they are over the
            connection is cut, and what runs on it fails.

    Yields:
        The connection.

    Raises:
        UnavailableError: the database is gone, does not answer in time, or is out of resources.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + within
    with _told_as_ours():
        taken = await pool.getconn(timeout=within)
        ending = loop.call_at(give_up, cut, taken)
        try:  # autocommit: there is nothing to commit, which the pool's own context manager would do
            yield taken
        finally:
            ending.cancel()
            await pool.putconn(taken)


@asynccontextmanager
async def transaction(pool: Pool, *, within: float = WITHIN) -> AsyncGenerator[Connection]:
    """Take a connection with a transaction open: committed when the block ends, rolled back when it raises.

    UnavailableError out of the commit leaves open whether it happened; an idempotency key tells.

    Args:
        pool: from ``open_pool``.
        within: as for ``connection``; the commit counts too.

    Yields:
        The connection.

    Raises:
        UnavailableError: as for ``connection``, or the transaction gave way to another one.
    """
    async with connection(pool, within=within) as taken, taken.transaction():
        yield taken


@asynccontextmanager
async def dedicated(
    url: str, *, name: str, statement_timeout: float = 0.0, lock_timeout: float = 0.0
) -> AsyncGenerator[Connection]:
    """Open one autocommit connection outside any pool, for LISTEN, session locks or long work.

    Args:
        url: libpq URL.
        name: what the server calls it.
        statement_timeout: seconds; 0 means no limit.
        lock_timeout: seconds; 0 means no limit.

    Yields:
        The connection; closed after the block.

    Raises:
        UnavailableError: the server cannot be reached, or is lost while the block runs.
    """
    conninfo = _conninfo(url, name=name, statement_timeout=statement_timeout, lock_timeout=lock_timeout)
    with _told_as_ours():
        opened = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        try:
            yield opened
        finally:
            await opened.close()


async def ping(pool: Pool, *, within: float = 1.0) -> None:
    """Ask the server for a sign of life.

    Raises:
        UnavailableError: there was none within ``within`` seconds.
    """
    async with connection(pool, within=within) as taken:
        await taken.execute("SELECT 1")


@contextmanager
def _told_as_ours() -> Generator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        state = error.sqlstate
        if state is None or state.startswith(LOST):
            raise UnavailableError(
                "The database does not answer; try again.", reason="DATABASE_UNAVAILABLE", retry_after=1.0
            ) from error
        if state.startswith(CONFLICT):
            raise UnavailableError(
                "The database is busy with the same objects; try again.",
                reason="DATABASE_CONFLICT",
                retry_after=0.1,
            ) from error
        raise


def _configured(on_connect: Callable[[Connection], None] | None) -> Callable[[Connection], Awaitable[None]]:
    async def configure(connection: Connection) -> None:
        await connection.set_autocommit(True)
        if on_connect:
            on_connect(connection)

    return configure


def _conninfo(url: str, *, name: str, statement_timeout: float, lock_timeout: float) -> str:
    session = SESSION.format(lock=round(lock_timeout * 1000), statement=round(statement_timeout * 1000))
    given = conninfo_to_dict(url).get("options") or ""
    return make_conninfo(
        url,
        application_name=f"octollm-{name}",
        connect_timeout=CONNECT_TIMEOUT,
        tcp_user_timeout=10_000,  # for servers behind a network: a path that swallows packets
        options=f"{session} {given}".rstrip(),
    )


def _has_ended(connection: Connection) -> bool:
    """Tell, without a round trip, whether the server has closed an idle connection: its end can be read."""
    look = select.poll()
    look.register(connection.pgconn.socket, select.POLLIN)
    return bool(look.poll(0))


def cut(connection: Connection) -> None:
    """End a connection under whoever waits on it: psycopg then fails at once instead of waiting on."""
    if connection.closed:
        return
    with socket.socket(fileno=os.dup(connection.pgconn.socket)) as shared:
        shared.shutdown(socket.SHUT_RDWR)
