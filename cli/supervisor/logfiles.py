"""The log files of the processes: one each, rotated by size when the platform starts."""

from pathlib import Path

from cli.rundir import make_private

LIMIT = 10 * 1024 * 1024
"""Bytes; a larger file is put aside at the next start."""

KEPT = 3
"""How many old files of each log are kept."""


def make_log_dir(data_dir: Path) -> Path:
    """Make ``<data_dir>/logs``, closed to others: logs quote what people asked for."""
    directory = data_dir / "logs"
    make_private(directory, mode=0o700)
    return directory


def rotate(path: Path, *, limit: int = LIMIT, kept: int = KEPT) -> Path:
    """Put a log aside that has grown over ``limit`` bytes: ``x.log`` becomes ``x.log.1``, and so on.

    Returns:
        ``path``, to be appended to.
    """
    if path.exists() and path.stat().st_size > limit:
        for number in range(kept, 0, -1):
            older = path.with_name(f"{path.name}.{number}")
            newer = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
            if newer.exists():
                newer.replace(older)
    return path
