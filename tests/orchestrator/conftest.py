"""Fixtures of the orchestrator's tests: a house whose parts speak real gRPC over a real PostgreSQL."""

import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from tests.orchestrator.house import House, Script, running_house, scripted, settings_for


@pytest.fixture
def socket_dir() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="octo") as path:
        yield Path(path)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def surroundings(script: Script, socket_dir: Path) -> AsyncGenerator[Script]:
    async with scripted(script, socket_dir, "arms", "reflex"):
        yield script


@pytest.fixture
async def house(database_url: str, socket_dir: Path, surroundings: Script) -> AsyncGenerator[House]:
    async with running_house(settings_for(database_url, socket_dir), surroundings) as running:
        yield running
