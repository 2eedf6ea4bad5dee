"""Brings a PostgreSQL schema to the state this program needs: numbered steps, each done once, in order."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from psycopg import sql

from servicekit.database import Connection, dedicated
from servicekit.errors import ConflictError, InternalError, UnavailableError

NAME = re.compile(r"\d{4}_[a-z0-9_]+")

RECORD = sql.SQL("""
CREATE TABLE IF NOT EXISTS {}.schema_migrations (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)""")


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One step: SQL text, or code where SQL comes from a library.

    Args:
        name: four digits, which give its place, and a word: ``0001_tasks``.
        text: SQL statements; run in one transaction, so none that refuses to (CREATE INDEX CONCURRENTLY).
        run: code that does the same on the connection it is given, inside the open transaction.
    """

    name: str
    text: str | None = None
    run: Callable[[Connection], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be run.

        Raises:
            InternalError: no number, or not exactly one of ``text`` and ``run``.
        """
        if not NAME.fullmatch(self.name) or (self.text is None) == (self.run is None):
            raise InternalError(f"migration {self.name!r} needs a number, and either text or code")

    @property
    def checksum(self) -> str:
        """SHA-256 of what is done; of code only the name counts: a changed step gets a new name."""
        content = self.name if self.text is None else self.text
        return hashlib.sha256(content.encode()).hexdigest()

    async def apply(self, connection: Connection) -> None:
        """Do it, inside the open transaction of ``connection``."""
        if self.run:
            await self.run(connection)
        elif self.text:
            await connection.execute(self.text.encode())


def read_migrations(folder: Traversable) -> list[Migration]:
    """Read a package's ``NNNN_name.sql`` files.

    Raises:
        InternalError: a file has another kind of name.
    """
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return [
        Migration(name=file.name.removesuffix(".sql"), text=file.read_text(encoding="utf-8"))
        for file in files
    ]


async def migrate(
    url: str, *, schema: str, migrations: Sequence[Migration], seconds: float = 120.0
) -> list[str]:
    """Apply what is missing, in order of the numbers; each step and its record in one transaction.

    Of several programs that start at once one works and the others wait; then they find nothing to do.

    Args:
        url: libpq URL; its role must be allowed to create the schema.
        schema: the PostgreSQL schema, made when missing; it stands first in the steps' search path.
        migrations: every step this program knows.
        seconds: how long all of it may take, waiting included.

    Returns:
        The names of the steps applied now.

    Raises:
        ConflictError: the database knows steps this program does not, or other ones by the same name.
        UnavailableError: the database cannot be reached, or it took too long.
    """
    ordered = _in_order(migrations)
    try:
        async with asyncio.timeout(seconds), dedicated(url, name=f"migrate-{schema}") as connection:
            return await _migrate(connection, schema=schema, migrations=ordered)
    except TimeoutError as error:
        raise UnavailableError(
            f"The database schema {schema} could not be brought up to date within {seconds:g} s: "
            "is another program migrating it?",
            reason="MIGRATION_TIMEOUT",
        ) from error


def _in_order(migrations: Sequence[Migration]) -> list[Migration]:
    ordered = sorted(migrations, key=lambda migration: migration.name)
    numbers = [migration.name[:4] for migration in ordered]
    if len(set(numbers)) != len(numbers):
        raise InternalError(f"two migrations have the same number: {numbers}")
    return ordered


async def _migrate(connection: Connection, *, schema: str, migrations: Sequence[Migration]) -> list[str]:
    # One lock for all schemas, since steps may make what they share; it ends with the connection.
    await connection.execute("SELECT pg_advisory_lock(hashtextextended('octollm.migrate', 0))")
    identifier = sql.Identifier(schema)
    await connection.execute("SET client_min_messages TO warning")  # IF NOT EXISTS is told as a notice
    await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(identifier))
    await connection.execute(RECORD.format(identifier))
    applied = await _applied(connection, identifier)
    _check_known(applied, schema=schema, migrations=migrations)
    pending = [migration for migration in migrations if migration.name not in applied]
    for migration in pending:
        await _apply(connection, identifier, migration)
    return [migration.name for migration in pending]


async def _applied(connection: Connection, schema: sql.Identifier) -> dict[str, str]:
    query = sql.SQL("SELECT name, checksum FROM {}.schema_migrations").format(schema)
    return dict(await (await connection.execute(query)).fetchall())


def _check_known(applied: dict[str, str], *, schema: str, migrations: Sequence[Migration]) -> None:
    """Refuse a database that went another way than this program's steps."""
    known = {migration.name: migration.checksum for migration in migrations}
    if newer := sorted(set(applied) - set(known)):
        raise ConflictError(
            f"The database schema {schema} was made by a newer version of this program (it has "
            f"{newer[-1]}): install that version, or restore a database from before it.",
            reason="SCHEMA_NEWER",
        )
    if changed := sorted(name for name, checksum in applied.items() if known[name] != checksum):
        raise ConflictError(
            f"The step {changed[0]} of the database schema {schema} is not the one that was applied: "
            "applied steps never change; put the change into a new one.",
            reason="SCHEMA_CHANGED",
        )
    if skipped := sorted(name for name in known if name not in applied and name < max(applied, default="")):
        raise ConflictError(
            f"The step {skipped[0]} of the database schema {schema} comes before steps that were applied "
            "already: give it a higher number.",
            reason="SCHEMA_SKIPPED",
        )


async def _apply(connection: Connection, schema: sql.Identifier, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(sql.SQL("SET LOCAL search_path TO {}, public").format(schema))
        await migration.apply(connection)
        await connection.execute(
            sql.SQL("INSERT INTO {}.schema_migrations (name, checksum) VALUES (%s, %s)").format(schema),
            (migration.name, migration.checksum),
        )
