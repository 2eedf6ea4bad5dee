"""Checks that nobody else could have written what the sandbox runs, and that its account can reach it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def reachable_by_all(path: Path) -> bool:
    """Whether any account may enter every directory on the way to `path`, and read it."""
    try:
        parents_open = all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
        return parents_open and bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def first_untrusted(root: Path) -> Path | None:
    """Return the first entry of the way to `root`, or of the tree below it, that somebody else could change.

    Trusted is what belongs to root or to us and is writable for no other account; our own primary group
    counts as us, because many systems give every user a group of the same name.
    """
    for entry in (*root.parents, *_tree(root)):
        status = entry.lstat()
        if not _trusted(status) and not _is_sticky_directory(status):
            return entry
    return None


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


def _tree(root: Path) -> Iterator[Path]:
    yield root
    for directory, folders, files in os.walk(root):
        for name in (*folders, *files):
            yield Path(directory, name)
