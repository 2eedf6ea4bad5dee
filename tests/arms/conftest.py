"""What is dear and shared: the real small model, and a place for what the sandbox's account can read."""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from arms.model.cache import default_cache
from arms.model.catalog import find_model
from arms.model.fetch import fetch
from tests.arms.model_server import running_model_server

NAME = os.environ.get("OCTOLLM_TEST_MODEL", "local-small")


@pytest.fixture(scope="session")
def model_state_file(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """Run a ready model server; the file in which it tells where it is."""
    fetch(model=find_model(NAME), cache=default_cache(environ=os.environ))
    state_file = tmp_path_factory.mktemp("model") / "model.json"
    with running_model_server(model=NAME, state_file=state_file):
        yield state_file


@pytest.fixture(scope="session")
def staging_dir() -> Generator[Path]:
    """Return a directory that every account can enter."""
    path = Path(tempfile.mkdtemp(prefix="octo-sandbox-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
