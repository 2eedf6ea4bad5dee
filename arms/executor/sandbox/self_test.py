"""Tries to break out at start: a sandbox that does not hold on this machine is not used."""

import json
from importlib.resources import files

from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.limits import MEBIBYTE, Limits
from arms.executor.sandbox.outcome import StoppedBy
from arms.executor.sandbox.python import python_program
from arms.executor.sandbox.sandbox import Sandbox

FEW = Limits(wall_seconds=20, memory_bytes=192 * MEBIBYTE, disk_bytes=4 * MEBIBYTE, inodes=500, processes=12)
"""Small enough that reaching them costs nothing."""

MANY_PROCESSES = """
import os, time
for _ in range(4):
    if not os.fork():
        block = bytearray(os.urandom(1)) * (96 * 2**20)
        time.sleep(20)
time.sleep(20)
"""

MANY_FILES = """
import os
for number in range(100_000):
    os.close(os.open(str(number), os.O_CREAT))
"""


def attempts_source() -> str:
    """Return the program that tries to break out."""
    return files("arms.executor.sandbox").joinpath("attempts.py").read_text()


async def self_test(sandbox: Sandbox, *, attempts: str) -> None:
    """Try every kind of escape inside `sandbox`.

    Args:
        sandbox: what is to hold.
        attempts: the program that tries.

    Raises:
        SandboxUnavailableError: one of them worked, or could not be tried.
    """
    await _attempts(sandbox, source=attempts)
    await _stopped(sandbox, source=MANY_PROCESSES, by=StoppedBy.MEMORY)
    await _stopped(sandbox, source=MANY_FILES, by=StoppedBy.FILES)


async def _attempts(sandbox: Sandbox, *, source: str) -> None:
    program = python_program(sandbox.parts, source=source)
    outcome, stdout, stderr = await sandbox.outcome(program, limits=FEW)
    try:
        escapes = json.loads(stdout)
    except ValueError:
        told = (stderr or stdout).decode(errors="replace").strip()[-500:]
        raise SandboxUnavailableError(
            f"its self-test ended with status {outcome.exit_code}: {told}"
        ) from None
    if escapes:
        raise SandboxUnavailableError(f"its self-test broke out by {', '.join(escapes)}.")


async def _stopped(sandbox: Sandbox, *, source: str, by: StoppedBy) -> None:
    outcome, _, _ = await sandbox.outcome(python_program(sandbox.parts, source=source), limits=FEW)
    if outcome.stopped_by is not by:
        raise SandboxUnavailableError(
            f"a program that takes too much is not stopped by {by!r} but by {outcome.stopped_by!r}; "
            "the watchdog cannot see into the sandbox."
        )
