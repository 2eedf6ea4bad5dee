"""What pip has downloaded so far is counted while pip moves and removes its files."""

import shutil
from pathlib import Path

from arms.model.fetch.pip_download import _bytes_under, _sizes


def test_a_folder_that_goes_while_it_is_looked_at_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"12")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "more").write_bytes(b"3")
    sizes = _sizes(tmp_path)
    assert next(sizes) == 2
    shutil.rmtree(tmp_path / "a")
    shutil.rmtree(tmp_path / "b")
    assert list(sizes) == []


def test_complete_parts_and_the_larger_copy_of_others_count(tmp_path: Path) -> None:
    for name, size in (("part001/x.whl", 5), ("pip.part002.q/tmp/x", 3), ("pip.part002.q/wheel/x.whl", 4)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    assert _bytes_under(tmp_path) == 9
