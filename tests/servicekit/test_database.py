"""The pool against a PostgreSQL that is killed, frozen and restarted: quick errors, recovery by itself."""

import asyncio
import time
from collections.abc import AsyncGenerator

import psycopg
import pytest

from servicekit.database import Pool, connection, dedicated, open_pool, ping, transaction
from servicekit.errors import UnavailableError
from tests.support.postgres import BreakablePostgres


@pytest.fixture
async def pool(postgres_server: BreakablePostgres) -> AsyncGenerator[Pool]:
    async with open_pool(postgres_server.url, name="test", min_size=2, max_size=4) as opened:
        await ping(opened)
        yield opened


async def seconds_to_refusal(pool: Pool, *, within: float) -> float:
    begin = time.monotonic()
    with pytest.raises(UnavailableError) as refusal:
        await ping(pool, within=within)
    assert refusal.value.reason == "DATABASE_UNAVAILABLE"
    return time.monotonic() - begin


async def recovered(pool: Pool) -> bool:
    try:
        await ping(pool)
    except UnavailableError:
        return False
    return True


async def wait_for_recovery(pool: Pool) -> None:
    for _ in range(100):
        if await recovered(pool):
            return
        await asyncio.sleep(0.1)
    pytest.fail("the pool did not recover")


async def test_statements_commit_by_themselves_and_transactions_as_one(database_url: str) -> None:
    async with open_pool(database_url, name="test") as pool:
        async with connection(pool) as taken:
            await taken.execute("CREATE TABLE t (n int)")
            await taken.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(ZeroDivisionError):
            async with transaction(pool) as taken:
                await taken.execute("INSERT INTO t VALUES (2)")
                raise ZeroDivisionError
        async with transaction(pool) as taken:
            await taken.execute("INSERT INTO t VALUES (3)")
        async with connection(pool) as taken:
            rows = await (await taken.execute("SELECT n FROM t ORDER BY n")).fetchall()
    assert rows == [(1,), (3,)]


async def test_session_settings_reach_the_server(database_url: str) -> None:
    async with (
        open_pool(database_url, name="test", statement_timeout=7, lock_timeout=3) as pool,
        connection(pool) as taken,
    ):
        names = ("application_name", "statement_timeout", "lock_timeout")
        rows = [
            await (await taken.execute("SELECT current_setting(%s)", (name,))).fetchone() for name in names
        ]
    assert rows == [("octollm-test",), ("7s",), ("3s",)]


async def test_a_slow_statement_is_cut_and_the_pool_goes_on(database_url: str) -> None:
    async with open_pool(database_url, name="test", max_size=1) as pool:
        with pytest.raises(UnavailableError):
            async with connection(pool, within=0.3) as taken:
                await taken.execute("SELECT pg_sleep(30)")
        await ping(pool, within=5)


async def test_waiting_for_a_free_connection_counts(database_url: str) -> None:
    async with open_pool(database_url, name="test", max_size=1) as pool, connection(pool, within=30):
        assert await seconds_to_refusal(pool, within=0.3) < 2


async def test_a_defect_in_a_statement_is_not_told_as_unavailable(database_url: str) -> None:
    async with open_pool(database_url, name="test") as pool:
        with pytest.raises(psycopg.errors.UndefinedTable):
            async with connection(pool) as taken:
                await taken.execute("SELECT * FROM nowhere")


async def test_a_deadlock_is_a_conflict_to_try_again(database_url: str) -> None:
    async with open_pool(database_url, name="test") as pool:
        with pytest.raises(UnavailableError) as refusal:
            async with connection(pool) as taken:
                await taken.execute("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40P01'; END $$")
    assert refusal.value.reason == "DATABASE_CONFLICT"


async def test_cancelling_a_caller_gives_its_connection_back(database_url: str) -> None:
    async with open_pool(database_url, name="test", max_size=1) as pool:
        started = asyncio.Event()

        async def sleep() -> None:
            async with connection(pool, within=30) as taken:
                started.set()
                await taken.execute("SELECT pg_sleep(30)")

        sleeper = asyncio.create_task(sleep())
        await started.wait()
        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper
        await ping(pool, within=5)


async def test_a_killed_server_is_told_at_once_and_found_again(
    postgres_server: BreakablePostgres, pool: Pool
) -> None:
    await postgres_server.kill()
    assert await seconds_to_refusal(pool, within=1.8) < 4
    await postgres_server.start()
    await wait_for_recovery(pool)


async def test_a_restart_between_two_calls_goes_unnoticed(
    postgres_server: BreakablePostgres, pool: Pool
) -> None:
    async with asyncio.TaskGroup() as group:  # several connections open, all of them dead afterwards
        for _ in range(4):
            group.create_task(ping(pool))
    await postgres_server.kill()
    await postgres_server.start()
    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(ping(pool, within=5))


async def test_a_frozen_server_is_told_in_time_to_every_caller(
    postgres_server: BreakablePostgres, pool: Pool
) -> None:
    postgres_server.pause()
    waits = await asyncio.gather(*(seconds_to_refusal(pool, within=1.0) for _ in range(20)))
    postgres_server.resume()
    assert max(waits) < 4
    await wait_for_recovery(pool)


async def test_a_commit_that_gets_no_answer_is_told(postgres_server: BreakablePostgres, pool: Pool) -> None:
    with pytest.raises(UnavailableError):
        async with transaction(pool, within=1.0) as taken:
            await taken.execute("CREATE TABLE t (n int)")
            postgres_server.pause()
    postgres_server.resume()
    await wait_for_recovery(pool)


async def test_a_dedicated_connection_tells_its_loss(postgres_server: BreakablePostgres) -> None:
    with pytest.raises(UnavailableError):
        async with dedicated(postgres_server.url, name="test") as opened:
            await postgres_server.kill()
            await opened.execute("SELECT 1")


async def test_many_callers_share_few_connections(database_url: str) -> None:
    async with open_pool(database_url, name="test", max_size=3) as pool:
        async with asyncio.TaskGroup() as group:
            for _ in range(200):
                group.create_task(ping(pool, within=30))
        assert pool.get_stats()["pool_size"] <= 3
