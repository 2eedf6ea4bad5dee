"""Compiled databases are kept, and a damaged one costs nothing but time."""

from pathlib import Path

import pytest

from reflex.matching.pieces import whole
from reflex.matching.prefilter import HyperscanPrefilter

pytest.importorskip("hyperscan", reason="the fallback without hyperscan keeps no databases")
PATTERNS = ["foo[0-9]+", "bär"]
TEXT = "x foo12 bär".encode()


def candidates(folder: Path | None) -> set[int]:
    return set(HyperscanPrefilter(patterns=PATTERNS, cut=whole, folder=folder).candidates(data=TEXT))


def test_a_kept_database_finds_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert candidates(folder) == candidates(folder) == candidates(None) == {0, 1}
    assert len(list(folder.iterdir())) == 1
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_database_is_compiled_anew(tmp_path: Path, damage: bytes | None) -> None:
    candidates(tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert candidates(tmp_path) == {0, 1}
    assert kept.read_bytes() == whole


def test_other_patterns_are_another_file(tmp_path: Path) -> None:
    candidates(tmp_path)
    HyperscanPrefilter(patterns=["other"], cut=whole, folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert candidates(in_the_way) == {0, 1}
