"""Real servers for every test that needs one; none outlives the test run, however it ends."""

import asyncio
import itertools
import os
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path

import pytest

from cli.embedded.postgres import Postgres, embedded_postgres
from cli.embedded.unprivileged import temporary_data_dir
from tests.support.in_thread import in_thread
from tests.support.postgres import BreakablePostgres, breakable_postgres, fresh_database
from tests.support.valkey import Valkey, running_valkey


@pytest.fixture
def data_dir() -> Generator[Path]:
    """Return an empty, short directory that the embedded PostgreSQL can use, as root and as a user."""
    with temporary_data_dir(prefix="octo-") as path:
        yield path


@pytest.fixture(scope="session")
def shared_postgres() -> Generator[Postgres]:
    """Run one real PostgreSQL 18 for all tests; only its fsync is off, so never pull its plug."""
    with temporary_data_dir(prefix="octo-") as path, asyncio.Runner() as runner:
        server = embedded_postgres(
            data_dir=path,
            log_file=path / "postgres.log",
            environ=os.environ,
            overrides={"fsync": "off", "max_connections": "200"},
        )
        yield runner.run(server.__aenter__())
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def database_names() -> Generator[str]:
    """Yield names that no test of this run has used."""
    return (f"test_{number}" for number in itertools.count(1))


@pytest.fixture
def database_url(shared_postgres: Postgres, database_names: Generator[str]) -> Generator[str]:
    """Return the URL of a fresh, empty database that has pgvector and belongs to this test alone."""
    with fresh_database(shared_postgres, name=next(database_names)) as url:
        yield url


@pytest.fixture(scope="session")
def rest_platform(shared_postgres: Postgres, database_names: Generator[str]) -> Generator[Mapping[str, str]]:
    """Run every service, the arms without a model, for all tests that only use REST; base URLs by port."""
    from tests.support.rest_platform import rest_platform

    with (
        fresh_database(shared_postgres, name=next(database_names)) as url,
        in_thread(rest_platform(database_url=url)) as endpoints,
    ):
        yield endpoints


@pytest.fixture
async def postgres_server(data_dir: Path) -> AsyncGenerator[BreakablePostgres]:
    """Run a PostgreSQL of the test's own, with fsync on, to kill and to freeze."""
    async with breakable_postgres(data_dir) as server:
        yield server


@pytest.fixture
def redis_server(data_dir: Path) -> Generator[Valkey]:
    """Run a Redis-protocol server of the test's own, to kill and to freeze."""
    with running_valkey(data_dir) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: Valkey) -> str:
    """Return the URL of a real, empty Redis-protocol server."""
    return redis_server.url
