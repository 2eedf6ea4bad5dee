"""Chooses an arm instance for a call by capability, health, cost tier and load; breaker and bulkhead."""

import asyncio
import random as randomness
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from orchestrator.breaker import Breaker
from orchestrator.calls import Offer
from orchestrator.model.arm import ArmInstance, ArmStatus
from orchestrator.plan import NOT_FOR_PLANS
from orchestrator.register import Register
from servicekit.errors import (
    UNREACHABLE,
    DeadlineError,
    InternalError,
    OctoError,
    PayloadTooLargeError,
    UnavailableError,
)

_LOOK_AGAIN = 0.25
"""Seconds between looks while nobody is free or alive."""

STARTING_SECONDS = 60.0
"""An arm that registered less than this ago and does not work yet may be loading: plans may use it."""

_SPEAKS_AGAINST = (UnavailableError, DeadlineError, InternalError, PayloadTooLargeError)
"""Errors that a breaker counts; what the arm refuses with good reason is not among them."""


class NoArmError(UnavailableError):
    """No healthy arm holds the capability."""


@dataclass(kw_only=True, eq=False)
class _Call:
    """A call that runs: whose it is, at which instance, and whether it was cut off."""

    task: asyncio.Task[object]
    instance: ArmInstance
    capability: str
    earlier: int
    cut: bool = False


class Router:
    """Gives calls to arms.

    Args:
        register: who is there.
        clock: monotonic seconds.
        random: uniform in [0, 1); spreads calls over equals.
    """

    def __init__(
        self,
        *,
        register: Register,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self._register = register
        self._clock = clock
        self._random = random
        self._running: defaultdict[str, int] = defaultdict(int)
        self._breakers: dict[str, Breaker] = {}
        self._freed = asyncio.Event()
        self._calls: set[_Call] = set()
        self._unreachable: dict[str, datetime] = {}
        """The last sign of life of those that could not be reached since."""

    def offers(self) -> list[Offer]:
        """What a plan may use: held by an arm that works, with the least cost tier of those that hold it.

        Nothing while arms are just coming or leaving: half a register makes half a plan.
        """
        if not self._register.settled:
            return []
        found: dict[str, Offer] = {}
        for instance in self._register.instances:
            if instance.status is ArmStatus.UNAVAILABLE and not is_starting(instance):
                continue
            tier = instance.description.cost_tier
            for held in instance.description.capabilities:
                known = found.get(held.name)
                if held.name not in NOT_FOR_PLANS and (known is None or tier < known.cost_tier):
                    found[held.name] = Offer(name=held.name, description=held.description, cost_tier=tier)
        return sorted(found.values(), key=lambda offer: offer.name)

    def has(self, capability: str) -> bool:
        """Whether somebody healthy holds the capability now, free or not."""
        return bool(self._holders(capability))

    def knows(self, capability: str) -> bool:
        """Whether somebody is registered for the capability, even one that does not work just now."""
        return any(instance.holds(capability) for instance in self._register.instances)

    @asynccontextmanager
    async def slot(self, capability: str, *, patience: float) -> AsyncGenerator[ArmInstance]:
        """Hold a place at the best instance for the length of the block, which makes one call.

        Args:
            capability: what is asked for.
            patience: seconds to wait for a healthy holder to appear; for a free place there is no bound.

        Raises:
            NoArmError: none appeared.
        """
        instance = await self._take(capability, patience=patience)
        breaker = self._breaker(instance.instance_id)
        breaker.begin()
        call = _call(instance, capability)
        self._calls.add(call)
        try:
            yield instance
        except _SPEAKS_AGAINST as error:
            breaker.fail()
            self._note(instance.instance_id, error)
            raise
        except asyncio.CancelledError:
            _settle_cancelled(call, breaker)
            raise
        except BaseException:
            breaker.abandon()
            raise
        else:
            breaker.succeed()
        finally:
            self._calls.discard(call)
            self._leave(instance.instance_id)

    def leave_silent(self) -> None:
        """Cut off the calls of instances that fell silent, where somebody else can take the work over.

        A frozen process keeps its connections open: its calls would hang up to their deadline.
        """
        silent = {instance.instance_id for instance in self._register.instances if instance.silent}
        for call in self._calls:
            if call.instance.instance_id in silent and not call.cut and self._holders(call.capability):
                call.cut = True
                call.task.cancel()

    def _note(self, instance_id: str, error: OctoError) -> None:
        """Nobody answered: nothing is sent there before the next sign of life, or retries run out in vain."""
        if error.reason == UNREACHABLE:
            for known in self._register.instances:
                if known.instance_id == instance_id:
                    self._unreachable[instance_id] = known.last_seen_at

    async def _take(self, capability: str, *, patience: float) -> ArmInstance:
        give_up = self._clock() + patience
        while True:
            holders = self._holders(capability)
            free = [i for i in holders if self._running[i.instance_id] < i.description.max_concurrency]
            if free:
                trusted = [i for i in free if not self._breaker(i.instance_id).suspected]
                instance = choose(trusted or free, running=self._running, random=self._random)
                self._running[instance.instance_id] += 1
                return instance
            if not holders and self._clock() >= give_up:
                raise NoArmError(f"no healthy arm holds the capability {capability}", reason="NO_ARM")
            await self._wait(full=bool(holders))

    async def _wait(self, *, full: bool) -> None:
        if not full:
            await self._register.changed(seconds=_LOOK_AGAIN)
            return
        self._freed.clear()
        try:
            async with asyncio.timeout(_LOOK_AGAIN):
                await self._freed.wait()
        except TimeoutError:
            return

    def _leave(self, instance_id: str) -> None:
        self._running[instance_id] -= 1
        if not self._running[instance_id]:
            del self._running[instance_id]
        self._freed.set()

    def _holders(self, capability: str) -> list[ArmInstance]:
        return [
            instance
            for instance in self._register.instances
            if instance.status is not ArmStatus.UNAVAILABLE
            and instance.holds(capability)
            and self._reachable(instance)
            and self._breaker(instance.instance_id).allows
        ]

    def _reachable(self, instance: ArmInstance) -> bool:
        sign = self._unreachable.get(instance.instance_id)
        return sign is None or instance.last_seen_at > sign

    def _breaker(self, instance_id: str) -> Breaker:
        breaker = self._breakers.get(instance_id)
        if breaker is None:
            self._forget_strangers()
            breaker = self._breakers[instance_id] = Breaker(clock=self._clock)
        return breaker

    def _forget_strangers(self) -> None:
        """Instances come and go for ever; their breakers must not stay."""
        known = {instance.instance_id for instance in self._register.instances}
        for stranger in set(self._breakers) - known - set(self._running):
            del self._breakers[stranger]
            self._unreachable.pop(stranger, None)


def _call(instance: ArmInstance, capability: str) -> _Call:
    task = asyncio.current_task()
    if task is None:  # not in an event loop's task: nobody calls an arm from there
        raise InternalError("a call of an arm needs a task")
    return _Call(task=task, instance=instance, capability=capability, earlier=task.cancelling())


def _settle_cancelled(call: _Call, breaker: Breaker) -> None:
    """Tell a call that was cut off here from one that its caller gave up.

    Raises:
        UnavailableError: it was cut off here, and by nobody else at the same time.
    """
    if not call.cut:
        breaker.abandon()
        return
    breaker.fail()
    if call.task.uncancel() <= call.earlier:
        raise UnavailableError(
            f"the arm {call.instance.description.arm_id} gives no sign of life", reason="ARM_SILENT"
        ) from None


def is_starting(instance: ArmInstance) -> bool:
    """Whether an instance registered so lately that what it cannot do yet may still come.

    One that fell silent has died. Both times are the database's.
    """
    if instance.silent:
        return False
    return (instance.last_seen_at - instance.registered_at).total_seconds() < STARTING_SECONDS


def choose(
    instances: Sequence[ArmInstance], *, running: Mapping[str, int], random: Callable[[], float]
) -> ArmInstance:
    """The healthiest, then the cheapest, then the least loaded; equals by chance."""

    def rank(instance: ArmInstance) -> tuple[int, int, float, float]:
        here = running.get(instance.instance_id, 0)
        load = max(here, instance.running) / instance.description.max_concurrency
        return instance.status, instance.description.cost_tier, load, random()

    return min(instances, key=rank)
