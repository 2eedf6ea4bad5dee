"""The parts of a sandbox that works."""

from pathlib import Path

import pytest

from arms.executor.sandbox.account import sandbox_account
from arms.executor.sandbox.parts import Parts, find_parts


@pytest.fixture(scope="session")
def parts(staging_dir: Path) -> Parts:
    return find_parts(account=sandbox_account(), staging_dir=staging_dir)
