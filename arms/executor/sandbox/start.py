"""Starts a sandbox, and leaves nothing of it behind."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.command import Descriptors, command_line
from arms.executor.sandbox.files import readable
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.watchdog import family

START_SECONDS = 10.0
"""How long bubblewrap may take to make its first process."""

STOP_SECONDS = 10.0
"""How long the kernel may take to end every process of a sandbox."""

FILTERED = "\nSeccomp:\t2\n"
"""Stands in the status of a process whose system calls are filtered."""

POLL_SECONDS = 0.0002

NICENESS = 10

FIRST_TO_END = "1000"
"""The highest value of oom_score_adj: the kernel ends such a process before all others."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A sandbox that runs.

    Attributes:
        bubblewrap: the process outside, and parent of the first one inside.
        first: the process id, outside, of the first process inside: when it dies the kernel ends all others.
        first_fd: a pidfd of the same.
        stdin: the other end of a listening program's standard input.
        status: where bubblewrap tells the exit status.
        returned: where the files that come back are read from.
    """

    bubblewrap: subprocess.Popen[bytes]
    first: int
    first_fd: int
    stdin: socket.socket
    status: IO[bytes]
    returned: IO[bytes]

    @property
    def stdout(self) -> IO[bytes]:
        """What the program writes there."""
        return cast("IO[bytes]", self.bubblewrap.stdout)

    @property
    def stderr(self) -> IO[bytes]:
        """What the program, and bubblewrap before it, write there."""
        return cast("IO[bytes]", self.bubblewrap.stderr)

    def stop(self) -> None:
        """End every process inside, wait until they are gone, and reap what became our child."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.first_fd, signal.SIGKILL)
        readable_within(self.first_fd, seconds=STOP_SECONDS)
        try:
            self.bubblewrap.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self.bubblewrap.kill()
            self.bubblewrap.wait()
        with contextlib.suppress(ChildProcessError):  # our child by now where we adopt orphans
            os.waitpid(self.first, os.WNOHANG)


@contextlib.contextmanager
def started(program: Program, *, parts: Parts, limits: Limits) -> Iterator[Running]:
    """Run `program` for the length of the block; nothing of it is left afterwards.

    The thread that enters must live until it leaves: the kernel ends the sandbox with the thread.

    Raises:
        SandboxUnavailableError: the namespaces cannot be made here.
    """
    with ExitStack() as cleanup, ExitStack() as childs_ends:
        status, status_end = _pipe(mine=cleanup, childs=childs_ends)
        returned, returned_end = _pipe(mine=cleanup, childs=childs_ends)
        filter_fd = _only_key(childs_ends.enter_context(readable({"filter": parts.filter})))
        files = childs_ends.enter_context(readable(program.files))
        descriptors = Descriptors(
            filter=filter_fd,
            status=status_end,
            returned=returned_end if program.outputs else None,
            files=files,
        )
        ours, childs = socket.socketpair()
        cleanup.enter_context(ours)
        childs_ends.enter_context(childs)
        process = _spawn(
            command_line(program, parts=parts, limits=limits, descriptors=descriptors),
            descriptors=descriptors.all,
            stdin=childs,
        )
        cleanup.enter_context(_ended(process))
        childs_ends.close()
        first = _first_process(status, process=process)
        first_fd = os.pidfd_open(first)
        cleanup.callback(os.close, first_fd)
        running = Running(
            bubblewrap=process,
            first=first,
            first_fd=first_fd,
            stdin=ours,
            status=status,
            returned=returned,
        )
        cleanup.callback(running.stop)
        _let_begin(ours, first=first)
        yield running


def _pipe(*, mine: ExitStack, childs: ExitStack) -> tuple[IO[bytes], int]:
    read_end, write_end = os.pipe()
    childs.callback(os.close, write_end)
    return mine.enter_context(os.fdopen(read_end, "rb", buffering=0)), write_end


def _only_key(opened: Mapping[int, str]) -> int:
    (descriptor,) = opened
    return descriptor


def _spawn(
    command: Sequence[str], *, descriptors: tuple[int, ...], stdin: socket.socket
) -> subprocess.Popen[bytes]:
    """Start bubblewrap with nothing of ours but `descriptors`.

    Nothing is asked of Popen that makes it fork (another user, code before exec): gRPC's threads do not
    survive a fork, and what it does then kills the child.
    """
    try:
        return subprocess.Popen(
            command,
            stdin=stdin.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env={},
            pass_fds=descriptors,
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxUnavailableError(f"bubblewrap cannot be started: {error}.") from error


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Close and reap `process` at the end, whether or not it ever became a sandbox."""
    with process:
        try:
            yield
        finally:
            process.kill()


def _first_process(status: IO[bytes], *, process: subprocess.Popen[bytes]) -> int:
    """Read the id of the first process inside from what bubblewrap tells.

    Raises:
        SandboxUnavailableError: there is none: bubblewrap failed, or hangs.
    """
    line = status.readline() if readable_within(status.fileno(), seconds=START_SECONDS) else b""
    if line:
        return int(json.loads(line)["child-pid"])
    process.kill()
    said = process.communicate()[1].decode(errors="replace").strip()
    raise SandboxUnavailableError(said or f"bubblewrap said nothing for {START_SECONDS:.0f} seconds.")


def _let_begin(starter: socket.socket, *, first: int) -> None:
    """Wait until the sandbox stands, and let the program begin; a sandbox that failed closes the socket.

    Raises:
        SandboxUnavailableError: it takes too long.
    """
    starter.settimeout(START_SECONDS)
    try:
        if starter.recv(1):
            _await_bond(first)
            _put_last(first)
            starter.sendall(b"\n")
    except TimeoutError as error:
        raise SandboxUnavailableError(f"it did not stand after {START_SECONDS:.0f} seconds.") from error
    except ConnectionError:
        return  # it failed; what bubblewrap said about it is read with its other output


def _await_bond(first: int) -> None:
    """Wait until the first process inside has asked to die with us: it does so right before it is filtered.

    Raises:
        TimeoutError: it takes too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while FILTERED not in _status_of(first):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(POLL_SECONDS)


def _put_last(first: int) -> None:
    """Let everybody else come first, our watchdog too: for the processor, and when memory runs out.

    What the program starts inherits both. Where the kernel refuses, the limits still hold.
    """
    for process in family(first):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process, NICENESS)
            Path(f"/proc/{process}/oom_score_adj").write_text(FIRST_TO_END)


def readable_within(descriptor: int, *, seconds: float) -> bool:
    """Wait until there is something to read; poll takes descriptors above 1023, as a busy server has them."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _status_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/status").read_text()
    except OSError:
        return FILTERED  # it is gone, and everything inside with it
