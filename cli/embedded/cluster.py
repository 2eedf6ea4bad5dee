"""Makes a PostgreSQL cluster on disk, and in it the database and the role that services use."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cli.embedded.configuration import DATABASE, SUPERUSER, USER
from cli.embedded.place import Place
from cli.processes import appended, start_child
from cli.rundir import make_private
from servicekit.errors import UnavailableError

MAJOR_VERSION = "18"
PORT = "5432"
"""Part of the socket's name; no TCP port is opened."""


async def make_cluster(place: Place, *, options: Sequence[str]) -> None:
    """Make the data directory unless it is there; it appears whole or not at all.

    Args:
        place: where; a data directory that is there already is left as it is.
        options: further arguments of initdb.

    Raises:
        UnavailableError: initdb failed, or the directory was made by another PostgreSQL version.
    """
    if place.data.exists():
        _check_version(place.data)
        return
    unfinished = place.root / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    make_private(unfinished, mode=0o700, owner=place.account.uid if place.account else None)
    await _initdb(unfinished, place=place, options=options)
    unfinished.rename(place.data)


async def _initdb(data: Path, *, place: Place, options: Sequence[str]) -> None:
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    common = (f"--pgdata={data}", f"--username={SUPERUSER}", "--auth=peer", "--no-instructions")
    with appended(place.log) as output:
        process = await start_child(
            argv=[place.programs.path("initdb"), *common, *locale, *options],
            env=place.environment,
            output=output,
            account=place.account,
            cwd=Path("/"),
        )
        status = await process.wait()
    if status != 0:
        raise UnavailableError(
            f"The embedded PostgreSQL's files could not be made (initdb: {status}): see {place.log}",
            reason="DATABASE_NOT_MADE",
        )


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != MAJOR_VERSION:
        raise UnavailableError(
            f"{data} was made by PostgreSQL {found}, the embedded one is {MAJOR_VERSION}: dump it with "
            f"version {found}'s pg_dump and restore it into a new data directory.",
            reason="DATABASE_VERSION",
        )


def url(sockets: Path, *, user: str, database: str) -> str:
    """Return a libpq URL for the server whose socket lies in ``sockets``; it carries no secret."""
    host = str(sockets).replace("%", "%25").replace("/", "%2F")
    return f"postgresql://{user}@/{database}?host={host}&port={PORT}"


async def prepare_database(sockets: Path, *, seconds: float) -> None:
    """Wait until the server answers, then make what services need: role, database, pgvector.

    Every step may have been done by an earlier start.

    Args:
        sockets: directory of the server's socket.
        seconds: how long to wait for an answer; a crashed server first replays its log.

    Raises:
        UnavailableError: it did not answer in time.
    """
    try:
        async with asyncio.timeout(seconds):
            await _until_prepared(sockets)
    except TimeoutError as error:
        raise UnavailableError(
            f"The embedded PostgreSQL did not answer within {seconds:g} s.", reason="DATABASE_NOT_STARTED"
        ) from error


async def _until_prepared(sockets: Path) -> None:
    while True:
        try:
            await _make_database(sockets)
        except psycopg.OperationalError:
            await asyncio.sleep(0.02)  # still starting: nothing announces the end of that
        else:
            return await _make_extension(sockets)


async def _make_database(sockets: Path) -> None:
    async with await _connect(sockets, database="postgres") as connection:
        user, database = sql.Identifier(USER), sql.Identifier(DATABASE)
        if not await _one(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", USER):
            await connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(user))
        if not await _one(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            await connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, user))


async def _make_extension(sockets: Path) -> None:
    async with await _connect(sockets, database=DATABASE) as connection:
        await connection.execute("SET client_min_messages TO error")
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        await connection.execute("ALTER EXTENSION vector UPDATE")


async def _one(connection: psycopg.AsyncConnection, query: LiteralString, name: str) -> bool:
    return await (await connection.execute(query, (name,))).fetchone() is not None


async def _connect(sockets: Path, *, database: str) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(
        make_conninfo(url(sockets, user=SUPERUSER, database=database), connect_timeout=5), autocommit=True
    )
