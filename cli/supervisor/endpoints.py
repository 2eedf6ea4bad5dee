"""`endpoints.json`: what runs where, for clients on this machine and for the next start after a crash."""

import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import psutil

CLOCK_STEP = 2.0
"""Seconds by which two readings of one process's start may differ, should the clock have been set between."""

Endpoints = Mapping[str, Mapping[str, Any]]
"""By name: ``pid`` and ``started`` (seconds since 1970) of its process, and where it listens, by kind."""


def write_endpoints(path: Path, endpoints: Endpoints) -> None:
    """Replace the file as a whole; anybody may read it, there is no secret in it."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(json.dumps(endpoints, indent=2) + "\n", encoding="utf-8")
    unfinished.chmod(0o644)  # ours, just made
    unfinished.replace(path)


def read_endpoints(path: Path) -> dict[str, dict[str, Any]]:
    """Read the file; empty when there is none or it is none of ours."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, dict[str, Any]]", content) if isinstance(content, dict) else {}


@contextmanager
def endpoints_file(path: Path) -> Generator[Path]:
    """Remove the file when the block ends: nothing runs any more."""
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def process_entry(pid: int | None) -> dict[str, Any]:
    """Return what tells this process from a later one with the same id; empty when it is gone."""
    if pid is not None:
        with suppress(psutil.NoSuchProcess):
            return {"pid": pid, "started": psutil.Process(pid).create_time()}
    return {}


def end_recorded(endpoints: Endpoints, *, patience: float = 5.0) -> int:
    """End the processes that a killed supervisor recorded and that still run.

    The kernel has told them to die already where it can; this waits for that, and does it elsewhere.

    Args:
        endpoints: what the last run wrote.
        patience: seconds until they are killed.

    Returns:
        How many still ran.
    """
    running = [process for entry in endpoints.values() if (process := _recorded(entry))]
    for process in running:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, left = psutil.wait_procs(running, timeout=patience)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=patience)
    return len(running)


def _recorded(entry: Mapping[str, Any]) -> psutil.Process | None:
    pid, started = entry.get("pid"), entry.get("started")
    if not isinstance(pid, int) or not isinstance(started, float) or pid == os.getpid():
        return None
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if abs(process.create_time() - started) < CLOCK_STEP:
            return process
    return None
