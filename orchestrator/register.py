"""The register of arms as this orchestrator sees it: a copy, renewed when it changed, and each second."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.model.arm import ArmInstance, ArmStatus
from orchestrator.store_arms import ArmStore
from servicekit.errors import OctoError, UnavailableError

_LOG = logging.getLogger(__name__)

_SETTLED_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True)
class Arm:
    """An arm: the best of its instances, and how many are alive."""

    best: ArmInstance
    alive: int


class Register:
    """Who can do what, and who is alive.

    Args:
        store: the register in the database.
        clock: monotonic seconds.
        interval: seconds between looks when nothing is told.
    """

    def __init__(self, *, store: ArmStore, clock: Callable[[], float], interval: float = 1.0) -> None:
        self._store = store
        self._clock = clock
        self._interval = interval
        self._known: set[str] = set()
        self._changed_at = clock()
        self._instances: Sequence[ArmInstance] = ()
        self._stale = asyncio.Event()
        self._renewed = asyncio.Condition()
        self._readers: list[Callable[[], None]] = []

    @property
    def instances(self) -> Sequence[ArmInstance]:
        """Every instance, as last seen."""
        return self._instances

    @property
    def settled(self) -> bool:
        """Whether nobody came or left just now: arms of one process do not register all at once."""
        return self._clock() - self._changed_at >= _SETTLED_SECONDS

    def on_look(self, read: Callable[[], None]) -> None:
        """Call `read` after every look."""
        self._readers.append(read)

    def invalidate(self) -> None:
        """The register changed: look now."""
        self._stale.set()

    async def changed(self, *, seconds: float) -> None:
        """Return after the next look, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._renewed:
                await self._renewed.wait()

    async def follow(self) -> None:
        """Keep the copy fresh until cancelled; without the database the last one stays good."""
        while True:
            try:
                await self.look()
            except UnavailableError:
                _LOG.debug("the register of arms cannot be read")
            except OctoError:
                _LOG.exception("the register of arms cannot be read")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._stale.wait()
            self._stale.clear()

    async def look(self) -> None:
        """Renew the copy."""
        self._instances = await self._store.instances()
        known = {instance.instance_id for instance in self._instances}
        if known != self._known:
            self._known, self._changed_at = known, self._clock()
        for read in self._readers:
            read()
        async with self._renewed:
            self._renewed.notify_all()


def by_kind(instances: Sequence[ArmInstance]) -> Mapping[str, Arm]:
    """Arms by arm_id, in their order: the best instance of each speaks for it."""
    kinds: defaultdict[str, list[ArmInstance]] = defaultdict(list)
    for instance in instances:
        kinds[instance.description.arm_id].append(instance)
    return {
        arm_id: Arm(
            best=min(kinds[arm_id], key=lambda i: (i.status, -i.last_seen_at.timestamp())),
            alive=sum(i.status is not ArmStatus.UNAVAILABLE for i in kinds[arm_id]),
        )
        for arm_id in sorted(kinds)
    }
