"""Where Unix sockets lie: a private directory whose path is short enough for the kernel."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from servicekit.errors import UnavailableError

LONGEST_SOCKET_PATH = 103
"""Bytes the kernel keeps of a socket's path: 107 on Linux, 103 on macOS (sun_path, without its NUL)."""

LONGEST_NAME = len("/services/orchestrator.sock")
"""The longest path below a runtime directory."""


def runtime_dir(data_dir: Path, *, environ: Mapping[str, str]) -> Path:
    """Return (made if missing) the runtime directory that belongs to a data directory.

    The same data directory always gives the same place, so that what a killed process left there is found
    and reused by its successor. It is ``<data_dir>/run`` when sockets fit there, else below
    XDG_RUNTIME_DIR or the temporary directory.

    Raises:
        UnavailableError: the place exists and is not ours alone.
    """
    path = data_dir.resolve() / "run"
    if not _fits(path):
        digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
        path = _base(environ) / f"octollm-{os.getuid()}-{digest}"
    make_private(path, mode=0o711 if os.getuid() == 0 else 0o700)
    return path


def make_path(path: Path) -> Path:
    """Make a directory and what is missing above it, closed to others; change nothing that is there.

    As root others may pass through, never list: the account PostgreSQL runs as has to get in.

    Returns:
        The directory's real path.
    """
    real = path.resolve()
    for missing in reversed([place for place in (real, *real.parents) if not place.exists()]):
        make_private(missing, mode=0o711 if os.getuid() == 0 else 0o700)
    return real


def make_private(path: Path, *, mode: int, owner: int | None = None) -> None:
    """Make a directory with exactly this mode, or accept the one we made earlier.

    Args:
        path: the directory; its parent must exist.
        mode: its permissions, whatever the umask.
        owner: user id it is given to; None means ourselves.

    Raises:
        UnavailableError: somebody else made it, or it is no directory.
    """
    uid = os.getuid() if owner is None else owner
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o022:
            raise UnavailableError(
                f"{path} exists and is not a private directory of user id {uid}: remove it.",
                reason="DIRECTORY_NOT_OURS",
            ) from None
        return
    path.chmod(mode)  # ours, just made
    if owner is not None:
        os.chown(path, owner, -1)


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) + LONGEST_NAME <= LONGEST_SOCKET_PATH


def _base(environ: Mapping[str, str]) -> Path:
    candidates = [Path(environ.get("TMPDIR") or tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - only our own private directory is made in it
    if (
        os.getuid() != 0 and "XDG_RUNTIME_DIR" in environ
    ):  # root's is closed to the account PostgreSQL runs as
        candidates.insert(0, Path(environ["XDG_RUNTIME_DIR"]))
    longest = "/octollm-4294967295-0123456789ab"
    return next(base for base in candidates if base.is_dir() and _fits(Path(f"{base}{longest}")))
