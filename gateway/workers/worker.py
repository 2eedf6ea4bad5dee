"""One worker as its parent sees it: started, awaited, stopped."""

import asyncio
import json
import os
import sys
from contextlib import suppress

from gateway.workers.handover import Handover
from servicekit.errors import UnavailableError
from servicekit.tied import tied

_COMMAND = [sys.executable, "-P", "-m", "gateway.workers"]
_START_SECONDS = 60.0
_LAST_SECONDS = 1.0
"""How much longer than its drain a worker may take to end."""


class Worker:
    """A process that answers on our sockets. It dies with us."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait until it ends; its exit status, negative for a signal."""
        return await self._process.wait()

    async def stop(self, *, grace: float) -> None:
        """Ask it to end what it does, and end it when it does not."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(grace + _LAST_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


async def start_worker(given: Handover) -> Worker:
    """Start one and wait until it answers.

    Raises:
        UnavailableError: it cannot, or did not within a minute.
    """
    process = await asyncio.create_subprocess_exec(
        *tied(_COMMAND),
        # prometheus_client reads its variable when it is imported.
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(given.metrics)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        pass_fds=tuple(given.sockets.values()),
        start_new_session=True,  # Ctrl-C of a terminal is for us; we tell it
    )
    worker = Worker(process)
    try:
        why = await _heard(process, given)
    except BaseException:
        await worker.stop(grace=0)
        raise
    if why:
        await worker.stop(grace=0)
        raise UnavailableError(f"a worker of the gateway {why}", reason="WORKER_NOT_STARTED")
    return worker


async def _heard(process: asyncio.subprocess.Process, given: Handover) -> str:
    """Why it does not answer; empty when it does."""
    assert process.stdin is not None  # noqa: S101  # for the type checker
    assert process.stdout is not None  # noqa: S101  # same
    try:
        async with asyncio.timeout(_START_SECONDS):
            process.stdin.write(given.line())
            await process.stdin.drain()
            line = await process.stdout.readline()
    except TimeoutError:
        return f"was not ready within {_START_SECONDS:g} s"
    except ConnectionError:
        return "ended before it was ready"
    if not line:
        return "ended before it was ready"
    error = str(json.loads(line)["error"])
    return f"cannot run: {error}" if error else ""
