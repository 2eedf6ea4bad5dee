"""A place for what the sandbox's account must be able to read."""

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def staging_dir() -> Generator[Path]:
    """Return a directory that every account can enter."""
    path = Path(tempfile.mkdtemp(prefix="octo-sandbox-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
