"""Keeps the whole moving, by one orchestrator at a time: wakes, ends, folds and forgets, on a steady beat."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestrator.bus import Bus
from orchestrator.store_sweep import SweepStore
from servicekit.errors import UnavailableError

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Duty:
    """Something to do every so many beats."""

    do: Callable[[], Awaitable[object]]
    every: int


class Sweeper:
    """Sweeps.

    Args:
        store: its statements.
        bus: tells readers of tasks that were ended.
        interval: seconds between beats.
    """

    def __init__(self, *, store: SweepStore, bus: Bus, interval: float = 1.0) -> None:
        self._bus = bus
        self._store = store
        self._interval = interval
        self._duties = (
            # Before anything is woken: what is out of time is not driven any more.
            Duty(do=self._expire, every=1),
            # A beat after a holder died its task is woken: this bounds how long a takeover takes.
            Duty(do=store.wake_leaseless, every=1),
            Duty(do=store.rescue_jobs, every=1),
            # Readers add up what is not folded yet.
            Duty(do=store.fold, every=2),
            Duty(do=store.wake_queued, every=10),
            Duty(do=store.forget_arms, every=30),
            Duty(do=self._retire, every=60),
            Duty(do=store.forget_keys, every=600),
        )

    async def run(self) -> None:
        """Sweep until cancelled; all duties at the first beat."""
        beat = 0
        while True:
            for duty in self._duties:
                if beat % duty.every == 0:
                    await self._do(duty)
            beat += 1
            await asyncio.sleep(self._interval)

    async def _do(self, duty: Duty) -> None:
        try:
            await duty.do()
        except UnavailableError:
            _LOG.debug("the sweep waits for the database")
        except Exception:  # noqa: BLE001  # one duty's defect must not stop the others
            _LOG.exception("a duty of the sweeper failed")

    async def _expire(self) -> None:
        for task_id in await self._store.expire():
            self._bus.announce(task_id, ended=True)

    async def _retire(self) -> None:
        """Batch by batch, so that no transaction is long."""
        retired = await self._store.retire()
        while retired:
            retired = await self._store.retire()
