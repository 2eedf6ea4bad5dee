"""An executor process for each kind of user that the tests can be."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from arms.executor.sandbox.account import sandbox_account
from arms.executor.sandbox.parts import Parts, find_parts
from arms.executor.sandbox.sandbox import Sandbox
from tests.arms.executor.sandbox.executor import Executor

USERS = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)


@pytest.fixture(scope="session", params=USERS)
def executor(request: pytest.FixtureRequest, staging_dir: Path) -> Generator[Executor]:
    """Run an executor as root, and as an ordinary user."""
    with Executor(staging_dir=staging_dir, user=request.param) as executor:
        assert executor.greeting == {"ready": True}
        yield executor


@pytest.fixture(scope="session")
def parts(staging_dir: Path) -> Parts:
    """Return the parts of a sandbox that works."""
    return find_parts(account=sandbox_account(), staging_dir=staging_dir)


@pytest.fixture
def sandbox(parts: Parts) -> Generator[Sandbox]:
    """Return a sandbox for two programs at a time."""
    sandbox = Sandbox(parts=parts, places=2)
    yield sandbox
    sandbox.close()
