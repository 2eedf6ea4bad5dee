"""Files on this machine as documents: which there are, what they are, which stay here and why."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 32 * 1024 * 1024
"""Bytes that the platform takes of one document."""

MEDIA_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".rst": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".pdf": "application/pdf",
}
"""By a file name's ending, what the file is."""


@dataclass(frozen=True, kw_only=True)
class FoundFile:
    """A file to store as a document.

    Attributes:
        path: where it is.
        title: what it is called: its path below the folder that was named, or its name.
        media_type: what it is.
        size: its bytes.
    """

    path: Path
    title: str
    media_type: str
    size: int


@dataclass(frozen=True, kw_only=True)
class SkippedFile:
    """A file that stays here.

    Attributes:
        path: where it is.
        why: for people.
    """

    path: Path
    why: str


def find_files(paths: Sequence[Path]) -> Iterator[FoundFile | SkippedFile]:
    """Every file that was named, and in named folders, below each, every one that can be a document.

    Hidden files and folders are passed over, as are links to folders; what was named is never passed over in
    silence.

    Args:
        paths: files and folders.
    """
    for path in paths:
        if path.is_dir():
            yield from _below(path)
        elif path.suffix.lower() not in MEDIA_TYPES:
            yield SkippedFile(path=path, why=f"not one of {', '.join(MEDIA_TYPES)}")
        else:
            yield _look(path, title=path.name)


def _below(folder: Path) -> Iterator[FoundFile | SkippedFile]:
    closed: list[SkippedFile] = []

    def note(error: OSError) -> None:
        closed.append(SkippedFile(path=Path(error.filename or folder), why=_reason(error)))

    for root, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            if not name.startswith(".") and path.suffix.lower() in MEDIA_TYPES:
                yield _look(path, title=path.relative_to(folder).as_posix())
    yield from closed


def _look(path: Path, *, title: str) -> FoundFile | SkippedFile:
    try:
        if not path.is_file():
            return SkippedFile(path=path, why="no file" if path.exists() else "not there")
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        return SkippedFile(path=path, why=_reason(error))
    if size == 0:
        return SkippedFile(path=path, why="empty")
    if size > MAX_BYTES:
        return SkippedFile(path=path, why=f"larger than {MAX_BYTES // 1024 // 1024} MiB")
    return FoundFile(path=path, title=title, media_type=MEDIA_TYPES[path.suffix.lower()], size=size)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
