"""Runs `pip download` for pinned files, a few at a time; a file's folder appears when it is complete."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from arms.model.fetch.source import SourceFailedError
from servicekit.tied import tied

_AT_ONCE = 2
_LOOK_SECONDS = 0.2
_STOP_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class _Running:
    name: str
    folder: Path
    log: Path
    process: subprocess.Popen[bytes]


@dataclass(frozen=True, kw_only=True)
class PipDownloads:
    """pip as a downloader: it knows the user's index, proxy and certificate settings, and checks hashes.

    Attributes:
        environ: environment for pip.
        work: folder for the results; unfinished downloads are in `pip.*` folders under it.
    """

    environ: Mapping[str, str]
    work: Path

    def run(self, *, requirements: Mapping[str, str], report: Callable[[int], None]) -> None:
        """Download every requirement into `work/<its key>/`.

        Args:
            requirements: a requirements-file line with its hash, by folder name.
            report: told the bytes that are in `work` so far.

        Raises:
            SourceFailedError: pip failed for one of them; those that were complete stay.
        """
        for stale in self.work.glob("pip.*"):
            shutil.rmtree(stale)
        waiting = list(requirements.items())
        running: list[_Running] = []
        try:
            while waiting or running:
                while waiting and len(running) < _AT_ONCE:
                    running.append(self._start(*waiting.pop(0)))
                time.sleep(_LOOK_SECONDS)
                running = [job for job in running if not self._is_finished(job)]
                report(_bytes_under(self.work))
        finally:
            for job in running:
                _stop(job.process)
                shutil.rmtree(job.folder, ignore_errors=True)

    def _start(self, name: str, line: str) -> _Running:
        folder = Path(tempfile.mkdtemp(prefix=f"pip.{name}.", dir=self.work))
        (folder / "requirement.txt").write_text(f"{line}\n", encoding="utf-8")
        (folder / "wheel").mkdir()
        log = folder / "log.txt"
        with log.open("wb") as out:
            process = subprocess.Popen(
                _command(folder),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                # pip's temporary files stay beside the result: same disk, seen by the progress, removed.
                env={**self.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
            )
        return _Running(name=name, folder=folder, log=log, process=process)

    def _is_finished(self, job: _Running) -> bool:
        status = job.process.poll()
        if status is None:
            return False
        if status != 0:
            raise SourceFailedError(f"pip download {job.name}: {_last_error(job.log)}")
        target = self.work / job.name
        shutil.rmtree(target, ignore_errors=True)
        (job.folder / "wheel").rename(target)
        shutil.rmtree(job.folder)
        return True


def _command(folder: Path) -> list[str]:
    pip = [
        *(sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "--no-input", "download"),
        *("--quiet", "--no-cache-dir", "--no-deps", "--require-hashes", "--only-binary=:all:"),
        *("--ignore-requires-python", "--progress-bar=off", "--retries=3"),
        *("--dest", str(folder / "wheel"), "--requirement", str(folder / "requirement.txt")),
    ]
    return tied(pip)


def _bytes_under(folder: Path) -> int:
    complete = sum(sum(_sizes(part)) for part in folder.glob("part*"))
    # pip writes each file twice, into its temporary folder and then beside it: the larger one counts.
    return complete + sum(max(_sizes(unfinished), default=0) for unfinished in folder.glob("pip.*"))


def _sizes(folder: Path) -> Iterator[int]:
    # pip moves and removes its temporary files and folders while we look; os.walk does not mind, rglob does.
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                yield Path(place, name).stat().st_size


def _last_error(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it said nothing"])[-1][:500]


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
