"""A tiny model and a cache to fetch it into."""

from pathlib import Path

import pytest

from arms.model.cache import ModelCache
from tests.arms.model.tiny import TinyModel, make_tiny


@pytest.fixture
def tiny(tmp_path: Path) -> TinyModel:
    return make_tiny(tmp_path)


@pytest.fixture
def cache(tmp_path: Path) -> ModelCache:
    return ModelCache(folder=tmp_path / "cache" / "models")
