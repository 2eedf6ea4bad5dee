"""Checks that nobody else could have written what the sandbox runs, and that its account can reach it."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from arms.executor.sandbox.broken import SandboxUnavailableError


def reachable_by_all(path: Path) -> bool:
    """Whether any account may enter every directory on the way to `path`, and read it."""
    try:
        parents_open = all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
        return parents_open and bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def require_trusted(root: Path) -> None:
    """Require that nobody else can change the way to `root`, or the tree below it.

    Trusted is what belongs to root or to us and is writable for no other account; our own primary group
    counts as us, because many systems give every user a group of the same name.

    Raises:
        SandboxUnavailableError: somebody else can.
    """
    _require(_entries(root))


def require_unchangeable(place: Path) -> None:
    """Require the same of the way to `place` alone: what we wrote below it nobody else could change since.

    Raises:
        SandboxUnavailableError: somebody else can.
    """
    _require((str(step), step.lstat()) for step in (*place.parents, place))


def _require(entries: Iterable[tuple[str, os.stat_result]]) -> None:
    for path, status in entries:
        if not _trusted(status) and not _is_sticky_directory(status):
            raise SandboxUnavailableError(
                f"{path} can be changed by others. Make it belong to root or to this account, "
                "and writable for no one else."
            )


def _trusted(status: os.stat_result) -> bool:
    if status.st_uid not in {0, os.geteuid()}:
        return False
    if stat.S_ISLNK(status.st_mode):
        return True  # a link's mode means nothing; who could replace it stands in its directory
    if status.st_mode & stat.S_IWGRP and status.st_gid not in {0, os.getegid()}:
        return False
    return not status.st_mode & stat.S_IWOTH


def _is_sticky_directory(status: os.stat_result) -> bool:
    return stat.S_ISDIR(status.st_mode) and bool(status.st_mode & stat.S_ISVTX) and status.st_uid == 0


def _entries(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    for place in (*root.parents, root):
        yield str(place), place.lstat()
    yield from _below(str(root))


def _below(directory: str) -> Iterator[tuple[str, os.stat_result]]:
    if not Path(directory).is_dir():
        return
    with os.scandir(directory) as entries:  # a Path for each of ten thousand files would take a second
        for entry in entries:
            yield entry.path, entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path)
