"""The key that the services of one installation share, kept in the data directory for its user alone."""

import os
import secrets
import stat
from pathlib import Path

from servicekit.errors import UnavailableError

NAME = "internal.key"
_BYTES = 32


def kept_key(data_dir: Path) -> Path:
    """The file of the key; made when missing.

    Raises:
        UnavailableError: the file is somebody else's, or others may read it.
    """
    path = data_dir / NAME
    if os.path.lexists(path):
        _check(path)
        return path
    unfinished = path.with_name(f"{NAME}.unfinished")  # the directory is locked: nobody else writes here
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_BYTES) + "\n")
    unfinished.replace(path)
    return path


def forget_key(data_dir: Path) -> None:
    """Remove the key of an earlier run."""
    (data_dir / NAME).unlink(missing_ok=True)


def _check(path: Path) -> None:
    found = path.lstat()
    private = stat.S_ISREG(found.st_mode) and not found.st_mode & 0o077 and found.st_uid == os.geteuid()
    if not private or not found.st_size:
        raise UnavailableError(
            f"{path} is the key by which the services know each other, and it is empty, not yours or open to "
            "others: remove it, and the next start makes a new one.",
            reason="KEY_NOT_PRIVATE",
        )
