"""Fixtures of the fault tests: directories for real processes, and seeds that are printed."""

import os
import platform
import random
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import pytest_asyncio

from cli.embedded.postgres import Postgres
from tests.fault.permitted import House, permitted_house
from tests.support.postgres import fresh_database

# The library that gives a process another clock exists for this machine only.
collect_ignore = [] if sys.platform == "linux" and platform.machine() == "x86_64" else ["test_clock.py"]

SEEDS = int(os.environ.get("OCTOLLM_FAULT_SEEDS", "1"))
"""How many seeds each randomised test runs with; `make fault` says 30."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the thorough ones to `make fault`."""
    if SEEDS > 1:
        return
    left = [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


@pytest.fixture
def root() -> Generator[Path]:
    """Return a short directory for sockets and logs."""
    with tempfile.TemporaryDirectory(prefix="octo") as path:
        yield Path(path)


@pytest.fixture(params=range(SEEDS))
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Return chance that can be repeated: the seed is in the test's name and in its output."""
    print(f"seed {request.param}")  # noqa: T201  # shown when the test fails
    return random.Random(request.param)  # noqa: S311  # not for secrets


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def permitted(shared_postgres: Postgres, database_names: Generator[str]) -> AsyncGenerator[House]:
    """Run an orchestrator and an arm, real processes, once for a module."""
    with fresh_database(shared_postgres, name=next(database_names)) as database_url:
        async with permitted_house(database_url) as house:
            yield house
