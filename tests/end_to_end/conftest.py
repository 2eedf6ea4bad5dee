"""One platform with the small real model for all tests that only use it."""

import os
from collections.abc import Generator

import httpx
import pytest
from rich.console import Console

from cli.commands.model import fetch_with_bar
from cli.embedded.unprivileged import temporary_data_dir
from tests.support.platform import Platform, running_platform


@pytest.fixture(scope="session")
def small_model() -> str:
    """Fetch the small model when it is not in the cache; its name."""
    fetch_with_bar("local-small", console=Console(file=open(os.devnull, "w", encoding="utf-8")))  # noqa: SIM115, PTH123  # lives as long as the console
    return "local-small"


@pytest.fixture(scope="session")
def platform(small_model: str) -> Generator[Platform]:
    with (
        temporary_data_dir(prefix="octo-") as data_dir,
        running_platform(data_dir, model=small_model) as it,
    ):
        yield it


@pytest.fixture
def api(platform: Platform) -> Generator[httpx.Client]:
    with httpx.Client(base_url=platform.url, timeout=70) as client:
        yield client
