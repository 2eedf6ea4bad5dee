"""`octollm arm new`: what it writes works and is what docs/arms.md shows; what it refuses."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from arms.arm import Arm, Capability, Emit
from arms.model.session import ModelSession
from arms.step import Result, Step
from cli.commands.arm import new
from cli.commands.serve_arm import Wanted, serve_arm
from cli.settings import ServeSettings
from servicekit.errors import ConflictError, OctoError, UnavailableError, ValidationFailedError

DOCS = Path(__file__).parents[2] / "docs" / "arms.md"


class Fine(Arm):
    arm_id = "fine"
    name = "Fine"
    description = "Is fine."
    capabilities = (Capability(name="be_fine", description="Is fine."),)

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        return Result(output="fine", confidence=1.0, method="rule")


def run(*command: str, place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=place, capture_output=True, text=True, timeout=120, check=False
    )


def test_it_writes_what_the_docs_show_and_its_test_passes(tmp_path: Path) -> None:
    ran = run("cli.main", "arm", "new", "word-count", place=tmp_path)
    assert ran.returncode == 0, ran.stderr
    shown = dict(re.findall(r"^```python (\S+)\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL))
    written = {path.name: path.read_text() for path in (tmp_path / "word-count").iterdir()}
    assert written == shown
    assert "octollm serve arm --module word_count:WordCount" in ran.stdout
    tested = run("pytest", "-q", "-p", "no:cacheprovider", place=tmp_path / "word-count")
    assert tested.returncode == 0, tested.stdout
    assert "2 passed" in tested.stdout


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    mine = tmp_path / "test_mine.py"
    mine.write_text("precious")
    with pytest.raises(ConflictError, match=r"test_mine.py exists already; nothing was written"):
        new("mine", directory=tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Word Count", "lower-case letters"),
        ("../up", "lower-case letters"),
        ("a--b", "lower-case letters"),
        ("x" * 41, "at most 40"),
        ("1st", "a letter first"),
        ("coder", "platform's own"),
        ("json", "hide a module"),
        ("class", "hide a module"),
        ("servicekit", "hide a module"),
    ],
)
def test_names_that_cannot_be(name: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationFailedError, match=why):
        new(name, directory=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wanted", "error", "why"),
    [
        (Wanted(), ValidationFailedError, "--module MODULE:CLASS, or --mcp"),
        (Wanted(module="a:B", mcp="b"), ValidationFailedError, "--module MODULE:CLASS, or --mcp"),
        (Wanted(module="no_such_arm:Arm"), ValidationFailedError, "there is no module no_such_arm"),
        (
            Wanted(module="tests.cli.test_arm:Fine"),
            UnavailableError,
            "No platform runs on the data directory",
        ),
        (Wanted(mcp="no-such-program x"), ValidationFailedError, "no program 'no-such-program'"),
        (Wanted(mcp="'open"), ValidationFailedError, "cannot be read"),
        (Wanted(mcp="true", mcp_env=("NOT_SET",)), ValidationFailedError, "NOT_SET: no such variable"),
    ],
)
def test_serving_needs_an_arm_and_a_platform(
    wanted: Wanted, error: type[OctoError], why: str, tmp_path: Path
) -> None:
    environ = {"PATH": os.defpath}
    settings = ServeSettings(data_dir=tmp_path)
    with pytest.raises(error, match=why):
        serve_arm(wanted, orchestrator=None, settings=settings, environ=environ)
    assert list(environ) == ["PATH"]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("arms.mcp_tools.command.find_spec", lambda _: None)
    with pytest.raises(UnavailableError, match=r"octollm\[mcp\]"):
        serve_arm(
            Wanted(mcp="true"), orchestrator=None, settings=ServeSettings(data_dir=tmp_path), environ={}
        )
