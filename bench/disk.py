"""What the disk allows: the time that it takes to make one page durable, which every commit waits for."""

import os
import tempfile
import time
from pathlib import Path

PAGE = 8192

_SYNC = getattr(os, "fdatasync", os.fsync)
"""macOS has no fdatasync."""


def sync_times(folder: Path, *, count: int = 400) -> list[float]:
    """Milliseconds that each of so many writes of a page takes, at 100 a second at most."""
    taken: list[float] = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for number in range(count):
            os.pwrite(file.fileno(), bytes(PAGE), number * PAGE)
            began = time.perf_counter()
            _SYNC(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
            time.sleep(0.01)
    return taken
