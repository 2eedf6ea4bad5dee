"""`octollm index` and `octollm search`: which files, what is told, how it ends; against the real platform."""

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.client.documents import MAX_BYTES, FoundFile, SkippedFile, find_files
from cli.client.metadata import parse_metadata
from cli.main import app
from servicekit.errors import UnavailableError, ValidationFailedError


def run(*arguments: str, url: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", url])


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder with documents, and what is none."""
    (tmp_path / "notes" / ".git").mkdir(parents=True)
    (tmp_path / "notes" / "whale.md").write_text("# Whale\n\nA whale sings for hours.\n")
    (tmp_path / "notes" / ".git" / "hidden.md").write_text("hidden")
    (tmp_path / "a.TXT").write_text("An anchor holds a ship in a storm.")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "picture.png").write_bytes(b"png")
    (tmp_path / ".secret.txt").write_text("hidden")
    (tmp_path / "huge.txt").touch()
    os.truncate(tmp_path / "huge.txt", MAX_BYTES + 1)
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere")
    return tmp_path


def test_which_files_are_found(shelf: Path) -> None:
    found = list(find_files([shelf, shelf / "picture.png", shelf / "missing.md"]))
    assert {it.title: it.media_type for it in found if isinstance(it, FoundFile)} == {
        "a.TXT": "text/plain",
        "notes/whale.md": "text/markdown",
    }
    skipped = {it.path.name: it.why for it in found if isinstance(it, SkippedFile)}
    assert skipped.keys() == {"empty.txt", "huge.txt", "gone.md", "picture.png", "missing.md"}
    assert (skipped["empty.txt"], skipped["huge.txt"]) == ("empty", "larger than 32 MiB")
    assert skipped["missing.md"] == skipped["gone.md"] == "not there"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> None:  # root may read everything
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "a.txt").write_text("x")
    monkeypatch.setattr(Path, "open", closed)
    (found,) = find_files([tmp_path])
    assert isinstance(found, SkippedFile)
    assert found.why == "permission denied"


def test_files_are_stored_and_found(shelf: Path, rest_platform: Mapping[str, str]) -> None:
    url = rest_platform["rest"]
    (shelf / "broken.pdf").write_bytes(b"%PDF-1.7 garbage")
    done = run("index", str(shelf), "-m", "shelf=sea", url=url)
    assert (done.exit_code, done.stdout) == (1, "2 documents stored, 4 skipped\n")
    told = dict(re.findall(r"skipped \S*/(\S+): (.+)", done.stderr))
    assert told.keys() == {"empty.txt", "huge.txt", "gone.md", "broken.pdf"}
    found = run("search", "what holds a ship?", "-f", "shelf=sea", "--limit", "1", url=url)
    assert found.exit_code == 0
    assert "An anchor holds a ship in a storm." in found.stdout
    assert "a.TXT" in found.stdout
    as_json = run("search", "singing whale", "-f", "shelf=sea", "--json", url=url)
    assert '"title": "notes/whale.md"' in as_json.stdout
    nothing = run("search", "whale", "-f", "shelf=desert", url=url)
    assert (nothing.exit_code, nothing.stdout) == (1, "nothing found\n")


def test_all_stored_is_success(tmp_path: Path, rest_platform: Mapping[str, str]) -> None:
    (tmp_path / "one.txt").write_text("One document about pelicans.")
    done = run("index", str(tmp_path / "one.txt"), url=rest_platform["rest"])
    assert (done.exit_code, done.stdout) == (0, "1 documents stored, 0 skipped\n")


def test_nobody_answers(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("x")
    done = run("index", str(tmp_path), url="http://127.0.0.1:1")
    assert isinstance(done.exception, UnavailableError)


def test_nothing_to_store_is_no_success(tmp_path: Path) -> None:
    assert run("index", str(tmp_path), url="http://127.0.0.1:1").exit_code == 1


def test_metadata() -> None:
    assert parse_metadata(["a=b", "c=d=e"]) == {"a": "b", "c": "d=e"}
    with pytest.raises(ValidationFailedError, match="NAME=VALUE"):
        parse_metadata(["a"])
