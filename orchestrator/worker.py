"""Holds leases and drives their tasks: a bounded number at once, with heartbeats, cancel and drain."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.bus import Bus
from orchestrator.drive import drive
from orchestrator.failures import LeaseLostError
from orchestrator.retry import pause
from orchestrator.store_lease import Lease, LeaseStore
from orchestrator.store_writes import WriteStore
from orchestrator.tools import Tools
from orchestrator.trail import driving
from orchestrator.work import Work
from servicekit.context import set_task_id
from servicekit.errors import UnavailableError
from servicekit.principal import Principal, set_principal
from servicekit.request_id import set_request_id

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A task that is being driven here."""

    attempt: int
    task: asyncio.Task[None]


class Worker:
    """Drives tasks.

    Args:
        leases: takes and renews leases.
        store: runs the writes.
        bus: tells readers of them.
        tools: what driving needs.
        most: tasks driven at once.
        heartbeat: seconds between renewals; a third of the lease at most.
        random: uniform in [0, 1).
    """

    def __init__(
        self,
        *,
        leases: LeaseStore,
        store: WriteStore,
        bus: Bus,
        tools: Tools,
        most: int,
        heartbeat: float,
        random: Callable[[], float],
    ) -> None:
        self._leases = leases
        self._store = store
        self._bus = bus
        self._tools = tools
        self._heartbeat = heartbeat
        self._random = random
        self._places = asyncio.Semaphore(most)
        self._held: dict[str, Held] = {}
        self._turned_away: set[str] = set()
        self._draining = False

    @property
    def running(self) -> int:
        """Tasks driven now."""
        return len(self._held)

    async def wake(self, task_id: str) -> None:
        """Take up a task if it may be taken up; returns when it is being driven, or is not ours to drive."""
        try:
            lease = await self._leased(task_id)
        except asyncio.CancelledError:  # the wake-up is used up, so another one has to follow
            self._turned_away.add(task_id)
            raise
        if lease is not None:
            self._begin(lease)

    def cancel(self, task_id: str) -> None:
        """Stop driving a task that was cancelled; its arm's call ends at once."""
        held = self._held.get(task_id)
        if held:
            held.task.cancel()

    async def beat(self) -> None:
        """Renew the leases until cancelled; what is held no more is stopped."""
        while True:
            await asyncio.sleep(self._heartbeat)
            try:
                await self._renew()
                await self._wake_turned_away()
            except UnavailableError:
                _LOG.warning("leases could not be renewed", extra={"leases": len(self._held)})

    async def drain(self, grace: float) -> None:
        """Take nothing new, let what runs end within so many seconds, and give the rest back."""
        self._draining = True
        running = [kept.task for kept in self._held.values()]
        if running:
            await asyncio.wait(running, timeout=grace)
        left = dict(self._held)
        for kept in left.values():
            kept.task.cancel()
        await asyncio.gather(*(kept.task for kept in left.values()), return_exceptions=True)
        try:
            if left:
                await self._leases.release([(task_id, kept.attempt) for task_id, kept in left.items()])
            await self._wake_turned_away()
        except UnavailableError:
            _LOG.warning("leases could not be given back; they run out", extra={"leases": len(left)})

    async def _renew(self) -> None:
        held = [(task_id, kept.attempt) for task_id, kept in self._held.items()]
        renewed = await self._leases.renew(held) if held else set[str]()
        for task_id, attempt in held:
            kept = self._held.get(task_id)
            if task_id not in renewed and kept and kept.attempt == attempt:
                kept.task.cancel()

    async def _wake_turned_away(self) -> None:
        turned_away = set(self._turned_away)
        if turned_away:
            await self._leases.wake(sorted(turned_away))
            self._turned_away -= turned_away

    async def _leased(self, task_id: str) -> Lease | None:
        """A place and the lease, or neither."""
        await self._places.acquire()
        lease = None
        try:
            if task_id not in self._held and not self._draining:
                lease = await self._acquired(task_id)
        finally:
            if lease is None:
                self._places.release()
        return lease

    async def _acquired(self, task_id: str) -> Lease | None:
        """The lease; while the database is away the wake-up must not get lost, so it waits."""
        tries = 0
        while True:
            try:
                return await self._leases.acquire(task_id=task_id)
            except UnavailableError:
                tries += 1
                await asyncio.sleep(pause(tries, random=self._random, base=0.1, most=1.0))

    def _begin(self, lease: Lease) -> None:
        task_id = lease.task.task_id
        task = asyncio.create_task(self._drive(lease), name=f"drive {task_id}")
        self._held[task_id] = Held(attempt=lease.attempt, task=task)
        task.add_done_callback(lambda _: self._end(task_id))
        self._bus.announce(task_id)

    def _end(self, task_id: str) -> None:
        del self._held[task_id]
        self._places.release()

    async def _drive(self, lease: Lease) -> None:
        set_task_id(lease.task.task_id)
        set_request_id(lease.task.request_id)
        set_principal(Principal(tenant=lease.task.tenant, subject=lease.subject))
        work = Work(lease=lease, store=self._store, bus=self._bus, random=self._random)
        try:
            with driving(lease):
                await drive(work, self._tools)
        except LeaseLostError:
            self._tools.meters.lost()
            _LOG.info("the task is somebody else's, or it ended", extra={"attempt": lease.attempt})
        except Exception:  # noqa: BLE001  # a defect ends one drive, not the process
            _LOG.exception("a defect stopped the drive; the task is taken up again")
