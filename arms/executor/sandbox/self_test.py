"""Tries to break out at start: a sandbox that does not hold on this machine is not used."""

import json
from importlib.resources import files

from arms.executor.interpreter.expression import Bounds, Expression, NotEvaluatedError
from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.javascript import javascript_program
from arms.executor.sandbox.limits import MEBIBYTE, Limits
from arms.executor.sandbox.outcome import StoppedBy
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.python import python_program
from arms.executor.sandbox.sandbox import Sandbox
from arms.executor.sandbox.tools import Missing, Tool
from servicekit.errors import OctoError

FEW = Limits(wall_seconds=20, memory_bytes=192 * MEBIBYTE, disk_bytes=4 * MEBIBYTE, inodes=500, processes=12)
"""Small enough that reaching them costs nothing."""

JAVASCRIPT = Limits(wall_seconds=20, disk_bytes=4 * MEBIBYTE, inodes=500, processes=16)
"""Node.js needs more memory and threads to begin at all."""

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


async def try_node(sandbox: Sandbox) -> Tool | Missing:
    """Try the same escapes from JavaScript.

    Returns:
        Node.js, or why nothing runs JavaScript here.

    Raises:
        SandboxUnavailableError: one of them worked: then the sandbox holds nothing.
    """
    if isinstance(sandbox.parts.node, Missing):
        return sandbox.parts.node
    source = files("arms.executor.sandbox").joinpath("attempts.js").read_text()
    program = javascript_program(sandbox.parts, source=source, memory_bytes=JAVASCRIPT.memory_bytes)
    try:
        await _held(sandbox, program, limits=JAVASCRIPT)
    except _NotTriedError as error:
        return Missing(why=f"Node.js does not run in the sandbox: {error}")
    return sandbox.parts.node


async def try_monty(sandbox: Sandbox) -> Tool | Missing:
    """Try the small interpreter: that it evaluates, and shows neither files nor what it evaluated before.

    Returns:
        It, or why it is not used: Python does its work then.
    """
    if isinstance(sandbox.parts.monty, Missing):
        return sandbox.parts.monty
    try:
        if await _value(sandbox, "secret = 6\nsecret * 7") != "42":
            return Missing(why="the small interpreter does not compute.")
        for source in ("secret", "open('/etc/passwd').read()", "import os\nos.environ['PATH']"):
            if await _value(sandbox, source) is not None:
                return Missing(why=f"the small interpreter evaluates {source!r}.")
    except OctoError as error:
        return Missing(why=error.message)
    return sandbox.parts.monty


async def _value(sandbox: Sandbox, source: str) -> str | None:
    try:
        evaluation = await sandbox.interpreter.evaluate(
            Expression(source=source), tenant="self-test", bounds=Bounds()
        )
    except NotEvaluatedError:
        return None
    return evaluation.value


class _NotTriedError(Exception):
    """The program that tries to break out did not run to its end."""


async def _attempts(sandbox: Sandbox, *, source: str) -> None:
    try:
        await _held(sandbox, python_program(sandbox.parts, source=source), limits=FEW)
    except _NotTriedError as error:
        raise SandboxUnavailableError(f"its self-test ended with {error}") from error


async def _held(sandbox: Sandbox, program: Program, *, limits: Limits) -> None:
    outcome, stdout, stderr = await sandbox.outcome(program, limits=limits)
    try:
        escapes = json.loads(stdout)
    except ValueError:
        told = (stderr or stdout).decode(errors="replace").strip()[-500:]
        raise _NotTriedError(f"status {outcome.exit_code}: {told}") from None
    if escapes:
        raise SandboxUnavailableError(f"its self-test broke out by {', '.join(escapes)}.")


async def _stopped(sandbox: Sandbox, *, source: str, by: StoppedBy) -> None:
    outcome, _, _ = await sandbox.outcome(python_program(sandbox.parts, source=source), limits=FEW)
    if outcome.stopped_by is not by:
        raise SandboxUnavailableError(
            f"a program that takes too much is not stopped by {by!r} but by {outcome.stopped_by!r}; "
            "the watchdog cannot see into the sandbox."
        )
