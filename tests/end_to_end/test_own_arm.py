"""A third party's arm, made by following docs/arms.md and nothing else, against a platform that runs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.platform import Platform, until

pytestmark = [pytest.mark.model, pytest.mark.timeout(200)]

DOCS = Path(__file__).parents[2] / "docs" / "arms.md"
SILENCE = 7


@pytest.fixture
def commands() -> list[str]:
    """What the docs tell to type, in their order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    return [block.strip() for block in blocks]


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """A terminal of somebody who has OctoLLM installed and a platform running."""

    data_dir: Path

    def open(self, typed: str, *, place: Path) -> subprocess.Popen[str]:
        """Start a command; what it says as errors is in ``errors.txt``."""
        environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "OCTOLLM_DATA_DIR": str(self.data_dir),
        }
        with (place / "errors.txt").open("a") as errors:
            return subprocess.Popen(
                ["/bin/bash", "-ec", typed],
                cwd=place,
                env=environ,
                text=True,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def type(self, typed: str, *, place: Path) -> str:
        """What the command prints; it must succeed."""
        process = self.open(typed, place=place)
        output, _ = process.communicate(timeout=90)
        assert process.returncode == 0, f"{typed}: {output} {(place / 'errors.txt').read_text()}"
        return output


@pytest.fixture
def served(
    platform: Platform, commands: list[str], tmp_path: Path
) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The arm as the docs make it and serve it; then what they do with it."""
    make, serve, use = commands
    terminal = Terminal(data_dir=platform.data_dir)
    terminal.type(make, place=tmp_path)
    process = terminal.open(f"exec {serve}", place=tmp_path / "word-count")
    try:
        yield process, use
    finally:
        process.kill()
        process.communicate()


def arm(platform: Platform) -> dict[str, Any]:
    return httpx.get(f"{platform.url}/arms/word-count", timeout=10).json()


def test_it_registers_is_chosen_by_capability_and_loses_its_place_when_it_dies(
    platform: Platform, served: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, use = served

    def registered() -> bool:
        assert process.poll() is None, (tmp_path / "word-count" / "errors.txt").read_text()
        return arm(platform).get("status") == "healthy"

    until(registered, seconds=90, what="the arm to register")
    assert arm(platform)["capabilities"] == ["word_count"]

    task = json.loads(Terminal(data_dir=platform.data_dir).type(f"{use} --json", place=tmp_path))
    assert task["status"] == "completed", task
    assert task["result"]["output"] == "8 words"
    assert "word-count" in task["metadata"]["arms_used"]

    direct = {"capability": "word_count", "instruction": "the quick brown fox"}
    answer = httpx.post(f"{platform.url}/arms/word-count/execute", json=direct, timeout=30).json()
    assert (answer["output"], answer["value"]) == ("4 words", {"words": 4})

    psutil.Process(process.pid).kill()
    until(
        lambda: arm(platform).get("status") == "unavailable", seconds=SILENCE + 3, what="the arm to be missed"
    )
    # Nobody else holds the capability, and a plan is not made of what the dead can do.
    after = httpx.post(f"{platform.url}/tasks", json={"goal": "Count the words of: a b c"}, timeout=10).json()
    done = httpx.get(f"{platform.url}/tasks/{after['task_id']}", params={"wait": 60}, timeout=70).json()
    assert "word-count" not in done["metadata"]["arms_used"]
