"""Starts and stops the programs OctoLLM runs beside itself; none outlives the process that started it."""

import asyncio
import os
import signal
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from servicekit.tied import Account, tied


async def start_child(
    *,
    argv: Sequence[str | Path],
    env: Mapping[str, str],
    output: int,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    pass_fds: Sequence[int] = (),
    cwd: Path | None = None,
) -> asyncio.subprocess.Process:
    """Start a program in a session of its own, so that a terminal's Ctrl-C reaches only us.

    Args:
        argv: the program (a path) and its arguments; never a secret, every user can read them.
        env: its whole environment.
        output: open file descriptor for its standard output and error.
        account: whom to run it as; None means ourselves.
        death_signal: what the kernel sends it when the calling process dies, however that happens.
        pass_fds: descriptors it inherits beside the standard ones.
        cwd: its working directory; None keeps ours.

    Returns:
        The process; it has the program's pid, the shim in front of it leaves none behind.
    """
    return await asyncio.create_subprocess_exec(
        *tied(argv, account=account, death_signal=death_signal),
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        pass_fds=pass_fds,
        cwd=cwd,
    )


async def stop_child(
    process: asyncio.subprocess.Process, *, steps: Sequence[tuple[signal.Signals, float]]
) -> int:
    """Ask a process to end, ever less politely, and wait until it has.

    Args:
        process: what to stop; may have ended already.
        steps: signals in order, each with the seconds to wait before the next; SIGKILL follows the last.

    Returns:
        Its exit status as asyncio reports it (negative: the signal that ended it).
    """
    for signal_number, seconds in steps:
        send(process, signal_number)
        with suppress(TimeoutError):
            return await asyncio.wait_for(process.wait(), seconds)
    send(process, signal.SIGKILL)
    return await process.wait()


def send(process: asyncio.subprocess.Process, signal_number: signal.Signals) -> None:
    """Signal a process that may be gone; a stopped one is continued, or it would not hear."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(signal_number)
        process.send_signal(signal.SIGCONT)


@contextmanager
def appended(path: Path) -> Generator[int]:
    """Open a log file that only we may read, for a program to write to; yields the descriptor."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def plain_environment(source: Mapping[str, str]) -> dict[str, str]:
    """Return what a program that is not ours may see of the environment: paths and nothing personal."""
    kept = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: source[name] for name in kept if name in source} | {"LC_ALL": "C", "TZ": "UTC"}
