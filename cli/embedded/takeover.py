"""Ends what an earlier, killed process left running on a data directory."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

POLL = 0.05
"""Seconds between looks; the processes are not our children, so there is nothing to wait on."""


async def end_leftovers(directory: Path, *, patience: float) -> int:
    """Stop every process whose working directory is ``directory``: a PostgreSQL works in its data directory.

    The server is asked to shut down fast, which loses nothing; what has not ended after ``patience`` seconds
    is killed, which loses nothing either, since the write-ahead log is replayed at the next start.

    Returns:
        How many processes were found.
    """
    found = working_in(directory)
    family = {process.pid for process in found}
    for process in found:
        if _parent(process) not in family:
            _signal(process, signal.SIGINT)
        _signal(process, signal.SIGCONT)  # a stopped process would not hear
    await _gone(directory, seconds=patience)
    while left := working_in(directory):
        for process in left:
            _signal(process, signal.SIGKILL)
        await asyncio.sleep(POLL)
    return len(found)


def working_in(directory: Path) -> Sequence[psutil.Process]:
    """Return the processes named postgres that work in ``directory``."""
    place = os.path.realpath(directory)
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] == "postgres" and process.info["cwd"] == place
    ]


async def _gone(directory: Path, *, seconds: float) -> None:
    for _ in range(round(seconds / POLL)):
        if not working_in(directory):
            return
        await asyncio.sleep(POLL)


def _parent(process: psutil.Process) -> int | None:
    with suppress(psutil.NoSuchProcess):
        return process.ppid()
    return None


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)
