"""Keeps a number of workers running on our sockets: one that ends is replaced, all are stopped together."""

import asyncio
import logging
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import multiprocess

from gateway.settings import GatewaySettings
from gateway.workers.handover import Handover
from gateway.workers.worker import Worker, start_worker
from servicekit.errors import UnavailableError

log = logging.getLogger(__name__)

_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
_STEADY_AFTER = 10.0
"""Seconds: the pause before a replacement doubles each time, and is short again after running for so long."""


class Pool:
    """The workers.

    Args:
        given: what each is started with.
        sockets: ours; the workers have them too.
    """

    def __init__(self, *, given: Handover, sockets: Mapping[str, socket.socket]) -> None:
        self._given = given
        self._sockets = sockets
        self._workers: set[Worker] = set()
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self, number: int) -> None:
        """Start so many, and keep so many running until `drain`.

        Raises:
            UnavailableError: one of them cannot run; then none does.
        """
        started = await asyncio.gather(*(self._start() for _ in range(number)), return_exceptions=True)
        for failure in started:
            if isinstance(failure, BaseException):
                await self.drain(0.0)
                raise failure
        workers = [worker for worker in started if isinstance(worker, Worker)]
        self._keepers = [asyncio.create_task(self._keep(worker)) for worker in workers]

    async def drain(self, grace: float) -> None:
        """Take nothing new, let what runs end within so many seconds, end all workers."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        # As long as we hold them, connections would be taken in and never answered.
        for sock in self._sockets.values():
            sock.close()
        await asyncio.gather(*(worker.stop(grace=grace) for worker in self._workers))

    async def _start(self) -> Worker:
        worker = await start_worker(self._given)
        self._workers.add(worker)
        return worker

    async def _keep(self, worker: Worker) -> None:
        loop = asyncio.get_running_loop()
        pause = _SHORTEST_PAUSE
        while True:
            began = loop.time()
            status = await worker.wait()
            self._forget(worker)
            log.warning("a worker ended; another one is started", extra={"pid": worker.pid, "status": status})
            pause = _SHORTEST_PAUSE if loop.time() - began > _STEADY_AFTER else pause
            worker, pause = await self._replaced(pause)

    async def _replaced(self, pause: float) -> tuple[Worker, float]:
        """A new worker, and the pause to make should it end again soon."""
        while True:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                return await self._start(), pause
            except UnavailableError as error:
                log.error("%s; trying again", error.message, extra={"seconds": pause})  # noqa: TRY400  # the text says it all

    def _forget(self, worker: Worker) -> None:
        """What it counted stays; what it had running does not run any more."""
        self._workers.discard(worker)
        # The library's function has no types.
        multiprocess.mark_process_dead(worker.pid, str(self._given.metrics))  # pyright: ignore[reportUnknownMemberType]


@asynccontextmanager
async def working(settings: GatewaySettings, *, sockets: Mapping[str, socket.socket]) -> AsyncIterator[Pool]:
    """Run the workers until the block ends.

    Raises:
        UnavailableError: a worker cannot run.
    """
    metrics = _metrics_dir(settings)
    numbers = {door: sock.fileno() for door, sock in sockets.items()}
    pool = Pool(given=Handover(settings=settings, sockets=numbers, metrics=metrics), sockets=sockets)
    try:
        await pool.start(settings.gateway_workers)
        yield pool
    finally:
        await pool.drain(0.0)
        shutil.rmtree(metrics, ignore_errors=True)


def _metrics_dir(settings: GatewaySettings) -> Path:
    """An empty directory that only we may read; what a killed run left in it is removed."""
    if settings.data_dir is None:
        return Path(tempfile.mkdtemp(prefix="octollm-metrics-"))
    path = settings.data_dir / "gateway-metrics"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700, parents=True)
    return path
