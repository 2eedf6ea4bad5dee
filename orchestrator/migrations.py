"""The steps that bring the `orchestrator` schema up to date; procrastinate's own schema is one of them."""

from collections.abc import Sequence
from importlib.resources import files

from procrastinate.schema import SchemaManager

from servicekit.database import Connection
from servicekit.migrate import Migration, read_migrations

SCHEMA = "orchestrator"
"""Where our tables live."""

JOBS_SCHEMA = "orchestrator_jobs"
"""Where procrastinate's tables live."""


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
