"""The migrator on a real PostgreSQL: order, atomicity, refusals, concurrent starters, steps in code."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager

from servicekit.database import Connection
from servicekit.errors import ConflictError, InternalError, UnavailableError
from servicekit.migrate import Migration, migrate, read_migrations

FIRST = Migration(name="0001_first", text="CREATE TABLE first (n int); INSERT INTO first VALUES (1)")
SECOND = Migration(name="0002_second", text="CREATE TABLE second AS SELECT n + 1 AS n FROM first")
BROKEN = Migration(name="0002_second", text="CREATE TABLE half (n int); SELECT no_such_function()")


async def fetch(url: str, query: str) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        return await (await connection.execute(query.encode())).fetchall()


async def test_steps_are_applied_once_and_in_order(database_url: str) -> None:
    assert await migrate(database_url, schema="one", migrations=[SECOND, FIRST]) == [
        "0001_first",
        "0002_second",
    ]
    assert await migrate(database_url, schema="one", migrations=[SECOND, FIRST]) == []
    assert await fetch(database_url, "SELECT n FROM one.first UNION SELECT n FROM one.second ORDER BY n") == [
        (1,),
        (2,),
    ]


async def test_schemas_are_independent(database_url: str) -> None:
    await migrate(database_url, schema="one", migrations=[FIRST, SECOND])
    assert await migrate(database_url, schema="two", migrations=[FIRST]) == ["0001_first"]


async def test_a_half_applied_set_completes_at_the_next_start(database_url: str) -> None:
    with pytest.raises(psycopg.errors.UndefinedFunction):
        await migrate(database_url, schema="one", migrations=[FIRST, BROKEN])
    assert await fetch(database_url, "SELECT name FROM one.schema_migrations") == [("0001_first",)]
    assert await fetch(database_url, "SELECT to_regclass('one.half')") == [(None,)]
    assert await migrate(database_url, schema="one", migrations=[FIRST, SECOND]) == ["0002_second"]


REFUSED = [
    pytest.param([FIRST], "SCHEMA_NEWER", "newer version", id="older program"),
    pytest.param(
        [FIRST, Migration(name="0002_second", text="SELECT 1")],
        "SCHEMA_CHANGED",
        "0002_second",
        id="changed step",
    ),
    pytest.param(
        [Migration(name="0000_late", text="SELECT 1"), FIRST, SECOND],
        "SCHEMA_SKIPPED",
        "0000_late",
        id="late step",
    ),
]


@pytest.mark.parametrize(("migrations", "reason", "text"), REFUSED)
async def test_a_database_that_went_another_way_is_refused(
    database_url: str, migrations: list[Migration], reason: str, text: str
) -> None:
    await migrate(database_url, schema="one", migrations=[FIRST, SECOND])
    before = await fetch(database_url, "SELECT name, checksum FROM one.schema_migrations ORDER BY name")
    with pytest.raises(ConflictError, match=text) as refusal:
        await migrate(database_url, schema="one", migrations=migrations)
    assert refusal.value.reason == reason
    assert (
        await fetch(database_url, "SELECT name, checksum FROM one.schema_migrations ORDER BY name") == before
    )


async def test_of_many_starters_one_works_and_the_others_wait(database_url: str) -> None:
    slow = Migration(name="0001_first", text="SELECT pg_sleep(0.2); CREATE TABLE first (n int)")
    runs = [migrate(database_url, schema="one", migrations=[slow]) for _ in range(8)]
    applied = await asyncio.gather(*runs)
    assert sorted(applied) == [[]] * 7 + [["0001_first"]]


async def test_a_waiter_gives_up_with_a_clear_error(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute("SELECT pg_advisory_lock(hashtextextended('octollm.migrate', 0))")
        with pytest.raises(UnavailableError, match="another program") as refusal:
            await migrate(database_url, schema="one", migrations=[FIRST], seconds=0.3)
    assert refusal.value.reason == "MIGRATION_TIMEOUT"
    assert await migrate(database_url, schema="one", migrations=[FIRST]) == ["0001_first"]


async def test_a_step_in_code_is_recorded_and_never_repeated(database_url: str) -> None:
    async def queue(connection: Connection) -> None:
        await connection.execute(SchemaManager.get_schema())

    steps = [FIRST, Migration(name="0002_queue", run=queue)]
    assert await migrate(database_url, schema="one", migrations=steps) == ["0001_first", "0002_queue"]
    assert await migrate(database_url, schema="one", migrations=steps) == []
    assert await fetch(database_url, "SELECT count(*) FROM one.procrastinate_jobs") == [(0,)]


async def test_a_step_in_code_that_fails_leaves_nothing(database_url: str) -> None:
    async def fail(connection: Connection) -> None:
        await connection.execute("CREATE TABLE half (n int)")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await migrate(database_url, schema="one", migrations=[Migration(name="0001_code", run=fail)])
    assert await fetch(database_url, "SELECT to_regclass('one.half')") == [(None,)]
    assert await fetch(database_url, "SELECT name FROM one.schema_migrations") == []


async def test_an_unreachable_database_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        await migrate(f"postgresql:///x?host={tmp_path}", schema="one", migrations=[FIRST])


def test_a_folder_of_files_becomes_steps(tmp_path: Path) -> None:
    (tmp_path / "0002_b.sql").write_text("SELECT 2")
    (tmp_path / "0001_a.sql").write_text("SELECT 1")
    (tmp_path / "notes.txt").write_text("not a step")
    steps = sorted(read_migrations(tmp_path), key=lambda step: step.name)
    assert [(step.name, step.text) for step in steps] == [("0001_a", "SELECT 1"), ("0002_b", "SELECT 2")]


@pytest.mark.parametrize(
    ("name", "text"), [("1_a", "SELECT 1"), ("0001-a", "SELECT 1"), ("0001_a", None), ("0001_A", "SELECT 1")]
)
def test_a_step_without_number_or_content_is_refused(name: str, text: str | None) -> None:
    with pytest.raises(InternalError):
        Migration(name=name, text=text)


async def test_two_steps_with_one_number_are_refused(database_url: str) -> None:
    twice = [FIRST, Migration(name="0001_other", text="SELECT 1")]
    with pytest.raises(InternalError, match="same number"):
        await migrate(database_url, schema="one", migrations=twice)
