"""Watches one program from start to end: its output, its clock, its memory, its caller."""

import json
import os
import selectors
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO

from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.collect import LENGTH_BYTES, parsed
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.outcome import Outcome, StoppedBy
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.start import Running, started
from arms.executor.sandbox.watchdog import excess

TICK_SECONDS = 0.02
"""How often memory is measured: what can be filled meanwhile is the overshoot."""

READ_BYTES = 65536

OnOutput = Callable[[str, bytes], None]
"""Takes "stdout" or "stderr", and bytes as they come; called in the thread that supervises."""


def supervise(
    program: Program, *, parts: Parts, limits: Limits, on_output: OnOutput, cancelled: int
) -> Outcome:
    """Run `program` and return when nothing of it is left.

    Args:
        program: what to run.
        parts: what the sandbox is made of.
        limits: what the program may use.
        on_output: gets its output.
        cancelled: a descriptor that becomes readable when the caller goes away.

    Raises:
        SandboxUnavailableError: the program did not start, because the sandbox could not be made.
    """
    with started(program, parts=parts, limits=limits) as running:
        watch = _Watch(running=running, program=program, limits=limits, on_output=on_output)
        watch.until_end(cancelled=cancelled)
        running.stop()
        watch.drain()
        return watch.outcome()


class _Watch:
    """What is known of a running program so far."""

    def __init__(self, *, running: Running, program: Program, limits: Limits, on_output: OnOutput) -> None:
        self._running = running
        self._program = program
        self._limits = limits
        self._on_output = on_output
        self._began = time.monotonic()
        self._output_left = limits.output_bytes
        self._truncated = False
        self._stopped_by = StoppedBy.NOTHING
        self._ended = False
        self._errors = b""
        self._returned = bytearray()
        self._returned_cap = limits.artifact_bytes + LENGTH_BYTES * len(program.outputs)

    def until_end(self, *, cancelled: int) -> None:
        """Return when the program ended, or something made us stop it."""
        with ExitStack() as cleanup, selectors.DefaultSelector() as selector:
            end = os.pidfd_open(self._running.bubblewrap.pid)
            cleanup.callback(os.close, end)
            selector.register(end, selectors.EVENT_READ, self._note_end)
            selector.register(cancelled, selectors.EVENT_READ, lambda: self._stop(StoppedBy.CALLER))
            for stream, read in self._streams():
                selector.register(stream, selectors.EVENT_READ, read)
            next_look = self._began
            while not self._ended and not self._stopped_by:
                self._serve(selector)
                if time.monotonic() >= next_look:
                    self._look()
                    next_look = time.monotonic() + TICK_SECONDS

    def drain(self) -> None:
        """Read what the dead program left in its pipes."""
        for stream, read in self._streams():
            while not stream.closed and read():
                pass

    def outcome(self) -> Outcome:
        """Tell how it ended.

        Raises:
            SandboxUnavailableError: it ended before it began.
        """
        code = self._exit_code()
        if code is None and not self._stopped_by:
            said = self._errors.decode(errors="replace").strip()
            raise SandboxUnavailableError(said or "the sandbox ended before the program began.")
        files, cut = parsed(
            bytes(self._returned), names=self._program.outputs, cap=self._limits.artifact_bytes
        )
        return Outcome(
            exit_code=137 if code is None or self._stopped_by else code,
            stopped_by=self._stopped_by,
            truncated=self._truncated or cut,
            files=files,
            seconds=time.monotonic() - self._began,
        )

    def _streams(self) -> tuple[tuple[IO[bytes], Callable[[], bool]], ...]:
        running = self._running
        return (
            (running.stdout, lambda: self._read_output("stdout", running.stdout)),
            (running.stderr, lambda: self._read_output("stderr", running.stderr)),
            (running.returned, self._read_returned),
        )

    def _serve(self, selector: selectors.BaseSelector) -> None:
        for key, _ in selector.select(timeout=TICK_SECONDS):
            goes_on = key.data()
            if not goes_on:
                selector.unregister(key.fileobj)

    def _look(self) -> None:
        if time.monotonic() - self._began > self._limits.wall_seconds:
            self._stop(StoppedBy.WALL_CLOCK)
        elif over := excess(self._running.first, limits=self._limits):
            self._stop(over)

    def _note_end(self) -> bool:
        self._ended = True
        return False

    def _stop(self, why: StoppedBy) -> bool:
        self._stopped_by = self._stopped_by or why
        return False

    def _read_output(self, name: str, stream: IO[bytes]) -> bool:
        """Hand on what there is; False at its end."""
        data = os.read(stream.fileno(), READ_BYTES)
        if name == "stderr" and len(self._errors) < READ_BYTES:
            self._errors += data
        kept = data[: self._output_left]
        self._output_left -= len(kept)
        if kept:
            self._on_output(name, kept)
        if len(kept) < len(data):
            self._truncated = True
            self._stop(StoppedBy.OUTPUT)
        return bool(data)

    def _read_returned(self) -> bool:
        data = os.read(self._running.returned.fileno(), READ_BYTES)
        room = self._returned_cap - len(self._returned)
        self._returned += data[:room]
        if len(data) > room:
            self._truncated = True
            self._stop(StoppedBy.OUTPUT)
        return bool(data)

    def _exit_code(self) -> int | None:
        """Read the exit status that bubblewrap told; None when the program never began."""
        for line in self._running.status.read().splitlines():
            told = json.loads(line)
            if "exit-code" in told:
                return int(told["exit-code"])
        return None
