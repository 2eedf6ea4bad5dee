"""Ends what an executor that was killed left behind.

A sandbox ends with its executor, but for one moment: between the birth of its first process and the end of
its setup nobody asks the kernel for that yet. Such a process runs no program (nobody lets it begin), yet it
stays until the next executor on this machine starts.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil


def end_leftovers(*, bubblewrap: Path) -> int:
    """End the first processes of sandboxes that have lost their bubblewrap; return how many."""
    orphans = [process for process in psutil.process_iter() if _is_orphan(process, program=str(bubblewrap))]
    for process in orphans:
        with suppress(psutil.Error):
            process.send_signal(signal.SIGKILL)  # psutil makes sure that the number is still the same process
    return len(orphans)


def _is_orphan(process: psutil.Process, *, program: str) -> bool:
    try:
        if process.cmdline()[:1] != [program] or not _is_first_of_namespace(process.pid):
            return False
        parent = process.parent()
        return parent is None or parent.cmdline()[:1] != [program]
    except (psutil.Error, OSError):
        return False


def _is_first_of_namespace(pid: int) -> bool:
    """Whether a process has number 1 in a namespace below ours."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            numbers = line.split()[1:]
            return len(numbers) > 1 and numbers[-1] == "1" and pid != os.getpid()
    return False
