"""The servers that the other tests stand on are real, fresh, breakable, and leave nothing behind."""

import asyncio

import psycopg
import pytest
import redis

from tests.support.postgres import BreakablePostgres
from tests.support.valkey import Valkey


@pytest.mark.parametrize("run", [1, 2])
async def test_each_test_gets_an_empty_database_with_vectors(database_url: str, run: int) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        await connection.execute("CREATE SCHEMA one; CREATE TABLE one.items (v public.vector(3))")
        await connection.execute("INSERT INTO one.items VALUES ('[1,2,3]')")
        found = await (await connection.execute("SELECT v <-> '[1,2,4]' FROM one.items")).fetchone()
    assert found == (1.0,)


async def test_the_services_role_is_no_superuser(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("COPY (SELECT 1) TO PROGRAM 'cat'")


async def test_a_killed_server_keeps_what_was_committed(postgres_server: BreakablePostgres) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_server.url) as connection:
        await connection.execute("CREATE TABLE kept (n int)")
    await postgres_server.kill()
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(postgres_server.url)
    await postgres_server.start()
    async with await psycopg.AsyncConnection.connect(postgres_server.url) as connection:
        await connection.execute("SELECT n FROM kept")


async def test_a_frozen_server_answers_nothing_until_it_is_resumed(
    postgres_server: BreakablePostgres,
) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_server.url, autocommit=True) as connection:
        postgres_server.pause()
        query = asyncio.create_task(connection.execute("SELECT 1"))
        done, _ = await asyncio.wait({query}, timeout=0.2)
        assert not done
        postgres_server.resume()
        assert await (await query).fetchone() == (1,)


def test_valkey_can_be_killed_frozen_and_restarted(redis_server: Valkey) -> None:
    client = redis.Redis(unix_socket_path=str(redis_server.socket), socket_timeout=0.2)
    client.set("key", "value")
    redis_server.pause()
    with pytest.raises(redis.TimeoutError):
        client.get("key")
    redis_server.resume()
    redis_server.kill()
    with pytest.raises(redis.ConnectionError):
        client.get("key")
    redis_server.restart()
    assert client.get("key") is None
    client.close()
