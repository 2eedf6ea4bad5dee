"""One process of the platform: started with a log file, ready when it says so, stopped by signals."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.processes import appended, send, start_child, stop_child
from cli.readiness import READY_FD, Ready, await_ready
from servicekit.errors import InternalError, UnavailableError


@dataclass(frozen=True, kw_only=True)
class Command:
    """How a process is started and stopped.

    Args:
        name: what the reader knows it by; its log is named after it.
        argv: program and arguments; no secret.
        env: its whole environment.
        log: the file its output is appended to.
        announces: whether it tells when it is ready (``cli.readiness``); else it is ready at once.
        patience: seconds between SIGTERM and SIGKILL.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    announces: bool = True
    patience: float = 5.0


class Child:
    """A process that can be started again after it ended.

    Args:
        command: how.
        seconds: how long it may take to become ready.
    """

    def __init__(self, command: Command, *, seconds: float = 60.0) -> None:
        self.command = command
        self.endpoints: Mapping[str, Mapping[str, str]] = {}
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process id; None while it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            UnavailableError: it said why it cannot be, ended without a word, or took too long.
        """
        reading, writing = os.pipe()
        try:
            await self._launch(writing)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        try:
            await self._hear(reading)
        except BaseException:
            await self.stop()
            raise

    async def _launch(self, descriptor: int) -> None:
        command = self.command
        with appended(command.log) as output:
            self._process = await start_child(
                argv=command.argv,
                env={**command.env, READY_FD: str(descriptor)} if command.announces else command.env,
                output=output,
                pass_fds=(descriptor,) if command.announces else (),
            )

    async def _hear(self, descriptor: int) -> None:
        if not self.command.announces:
            os.close(descriptor)
            return
        try:
            ready = await asyncio.wait_for(await_ready(descriptor), self._seconds)
        except TimeoutError:
            raise self._refusal(f"was not ready within {self._seconds:g} s") from None
        self.endpoints = self._check(ready).endpoints

    def _check(self, ready: Ready | None) -> Ready:
        if ready is None:
            raise self._refusal("ended before it was ready")
        if ready.error:
            raise self._refusal(f"cannot run: {ready.error}")
        return ready

    def _refusal(self, what: str) -> UnavailableError:
        return UnavailableError(
            f"{self.command.name} {what} (its log: {self.command.log})", reason="PROCESS_NOT_STARTED"
        )

    async def wait(self) -> int:
        """Wait until it ends; return its exit status, negative when a signal ended it."""
        if self._process is None:
            raise InternalError(f"{self.command.name} was never started")
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and end it when it has not after its patience."""
        if self._process:
            await stop_child(self._process, steps=((signal.SIGTERM, self.command.patience),))

    def kill(self) -> None:
        """End it at once."""
        if self._process:
            send(self._process, signal.SIGKILL)
