"""Copies what the sandbox needs to a place that its account can reach, when root's own is closed to it."""

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.trust import require_trusted, require_unchangeable

LEFT_OUT = shutil.ignore_patterns(
    "site-packages",
    "test",
    "tests",
    "idlelib",
    "turtledemo",
    "ensurepip",
    "lib2to3",
    "tkinter",
    "config-*",
    "pkgconfig",
)
"""Parts of a Python installation that programs in the sandbox do not use."""


def stage(*, base: Path, kind: str, parts: Mapping[str, Path]) -> Path:
    """Return a directory, open to all and writable for us alone, that holds copies of `parts`.

    A copy that was made before is used again: its name tells the sources' paths and times.

    Args:
        base: where copies live; made when missing.
        kind: the first half of the directory's name.
        parts: source by its path within the copy.

    Raises:
        SandboxUnavailableError: `base` cannot be written, or somebody else could have written a source.
    """
    try:
        place = base / f"{kind}-{_fingerprint(parts)}"
        if not place.is_dir():
            for source in parts.values():
                require_trusted(source)
            _make(place, parts=parts)
    except OSError as error:
        raise SandboxUnavailableError(
            f"{error}. Programs in the sandbox run under an account of their own, which cannot read the "
            f"original of {kind}; set OCTOLLM_EXECUTOR_STAGING_DIR to a directory that all may enter."
        ) from error
    require_unchangeable(place)
    return place


def _fingerprint(parts: Mapping[str, Path]) -> str:
    told = hashlib.sha256()
    for name in sorted(parts):
        told.update(f"{name}\0{parts[name]}\0{parts[name].stat().st_mtime_ns}\0".encode())
    return told.hexdigest()[:16]


def _make(place: Path, *, parts: Mapping[str, Path]) -> None:
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=place.parent))
    try:
        for name, source in parts.items():
            _copy(source, draft / name)
        draft.chmod(0o755)
        _publish(draft, place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=LEFT_OUT, symlinks=False, ignore_dangling_symlinks=True)
    else:
        shutil.copy2(source, target)
    _open_to_all(target)


def _open_to_all(path: Path) -> None:
    for directory, _, files in os.walk(path):
        Path(directory).chmod(0o755)
        for name in files:
            _readable_by_all(Path(directory, name))
    if path.is_file():
        _readable_by_all(path)


def _readable_by_all(path: Path) -> None:
    path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)


def _publish(draft: Path, place: Path) -> None:
    try:
        draft.rename(place)
    except OSError:
        if not place.is_dir():  # else another process was quicker with the same copy
            raise
