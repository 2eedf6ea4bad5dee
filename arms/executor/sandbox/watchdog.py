"""Measures from outside what a sandbox uses: limits of one process do not add up over many."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from arms.executor.sandbox.files import WORK
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.outcome import StoppedBy

PAGE = os.sysconf("SC_PAGE_SIZE")

OWN = ("Pss_Anon:", "Pss_Shmem:")
"""What of a process's memory is not a file's."""


def excess(first_process: int, *, limits: Limits) -> StoppedBy | None:
    """Return the limit that the sandbox under `first_process` exceeds, if any."""
    processes = tuple(family(first_process))
    if _takes_more_memory(processes, than=limits.memory_bytes):
        return StoppedBy.MEMORY
    if _inodes(processes) > limits.inodes:
        return StoppedBy.FILES
    return None


def family(process: int) -> Iterator[int]:
    """Yield `process` and all its descendants; orphans in a pid namespace stay descendants of its first."""
    yield process
    for child in _children(process):
        yield from family(child)


def _children(process: int) -> list[int]:
    try:
        threads = Path(f"/proc/{process}/task").iterdir()
        told = [(thread / "children").read_bytes() for thread in threads]
    except FileNotFoundError:
        return _children_by_search(process)
    except (ProcessLookupError, PermissionError):
        return []
    return [int(child) for line in told for child in line.split()]


def _children_by_search(process: int) -> list[int]:
    """Find the children on a kernel that does not list them; slow, and empty for a process that is gone."""
    try:
        return [child.pid for child in psutil.Process(process).children()]
    except psutil.Error:
        return []


def _takes_more_memory(processes: tuple[int, ...], *, than: int) -> bool:
    """Add up quickly, and exactly only when the quick sum, which counts shared memory twice, is too high."""
    if sum(_resident_bytes(process) for process in processes) <= than:
        return False
    return sum(_proportional_bytes(process) for process in processes) > than


def _resident_bytes(process: int) -> int:
    """Count what a process holds beside files; of shared memory there is none that is not on its disk."""
    try:
        _, resident, file_backed = Path(f"/proc/{process}/statm").read_bytes().split()[:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(file_backed)) * PAGE


def _proportional_bytes(process: int) -> int:
    """Count a process's part of what it shares with others; all of it when we may not look."""
    try:
        told = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return _resident_bytes(process)
    return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith(OWN)) * 1024


def _inodes(processes: tuple[int, ...]) -> int:
    """Count the files in the working directory, seen through any process that lives in the sandbox."""
    ours = Path("/").stat()
    for process in reversed(processes):
        root = Path(f"/proc/{process}/root")
        try:
            # The root is read-only and WORK a mount in it, so no link of the program's is followed here.
            told = os.statvfs(f"{root}{WORK}")
            still_outside = os.path.samestat(root.stat(), ours)
        except OSError:
            continue
        if not still_outside:
            return told.f_files - told.f_ffree
    return 0
