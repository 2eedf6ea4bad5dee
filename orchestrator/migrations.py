"""The steps that bring the `orchestrator` schema up to date; procrastinate's own schema is one of them."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files

from procrastinate.schema import SchemaManager

from orchestrator.identity.migrations import SCHEMA as IDENTITY_SCHEMA
from orchestrator.identity.migrations import identity_migrations
from servicekit.database import Connection
from servicekit.errors import UnavailableError
from servicekit.migrate import Migration, migrate, read_migrations

SCHEMA = "orchestrator"
"""Where our tables live."""

JOBS_SCHEMA = "orchestrator_jobs"
"""Where procrastinate's tables live."""

_AGAIN_SECONDS = 0.5
"""Before a database that is not there yet is tried again."""


async def bring_up_to_date(url: str, *, seconds: float) -> None:
    """Migrate both schemas; waits for a database that comes up at the same time.

    Raises:
        UnavailableError: it did not come up within so many seconds.
        ConflictError: it was made by a newer version.
    """
    give_up = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            await migrate(url, schema=SCHEMA, migrations=all_migrations())
            await migrate(url, schema=IDENTITY_SCHEMA, migrations=identity_migrations())
        except UnavailableError:
            if asyncio.get_running_loop().time() > give_up:
                raise
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return


def all_migrations() -> Sequence[Migration]:
    """Every step this program knows.

    procrastinate's ``apply_schema`` fails the second time, so its schema is recorded as a step of ours; a new
    release of it that changes its schema becomes a further step.
    """
    folder = files("orchestrator") / "migrations"
    return [*read_migrations(folder), Migration(name="0004_jobs_procrastinate_3_10", run=_create_jobs)]


async def _create_jobs(connection: Connection) -> None:
    await connection.execute(f"CREATE SCHEMA {JOBS_SCHEMA}".encode())
    await connection.execute(f"SET LOCAL search_path TO {JOBS_SCHEMA}, public".encode())
    await connection.execute(SchemaManager.get_schema().encode())
