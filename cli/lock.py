"""One owner for a directory: an advisory lock that the kernel takes back when its holder dies."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from servicekit.errors import ConflictError


@contextmanager
def owned(path: Path, *, what: str, wait: bool = False) -> Generator[None]:
    """Hold the lock file ``path`` for the length of the block.

    Args:
        path: the lock file; made when missing, left there afterwards, since removing it would race.
        what: what is being owned, for the refusal's text.
        wait: wait for the holder to let go instead of refusing; for work of a moment.

    Raises:
        ConflictError: another process holds it; the text names its pid.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if wait:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        else:
            _take(descriptor, what=what)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, *, what: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        raise ConflictError(
            f"{what} is in use by process {holder}: stop that process or name another directory.",
            reason="IN_USE",
            metadata={"pid": holder},
        ) from error
