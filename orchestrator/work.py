"""A task in its holder's hands: what is known of it, and the one door through which it is written."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from orchestrator.budget import BudgetAccount
from orchestrator.bus import Bus
from orchestrator.calls import Brief
from orchestrator.failures import LeaseLostError
from orchestrator.model.step import PlannedStep, Step, StepState
from orchestrator.model.task import TaskSpec
from orchestrator.retry import pause
from orchestrator.store_lease import Lease
from orchestrator.store_writes import WriteStore
from orchestrator.write import Write, together
from servicekit.errors import UnavailableError


class Work:
    """One leased task.

    Args:
        lease: the task as it was when the lease began.
        store: runs the writes.
        bus: tells readers of them.
        random: uniform in [0, 1).

    Attributes:
        steps: every step by id, as last written.
        round: the repair round, 0 for the first plan.
        judged: the best judgement so far.
        account: what is left of the budget.
        result_key: what its result is kept under; empty when it is not to be kept.
        cache_hit: whether the result is one that was kept.
        waiting_for: the capability that nobody healthy holds, while that is what the task waits for.
    """

    def __init__(self, *, lease: Lease, store: WriteStore, bus: Bus, random: Callable[[], float]) -> None:
        self.task_id = lease.task.task_id
        self.spec: TaskSpec = lease.task.spec
        self.brief = Brief(task_id=self.task_id, spec=self.spec)
        self.steps = {step_id: _waiting(step) for step_id, step in lease.steps.items()}
        self.round = lease.task.round
        self.judged = lease.judged
        self.own_findings = lease.own_findings
        self.remaining = lease.remaining
        self.lost_leases = lease.lost
        self.account = BudgetAccount(
            self.spec.budget, tokens_used=lease.task.tokens_used, cost_micros=lease.task.cost_micros
        )
        self.result_key = ""
        self.cache_hit = False
        self.waiting_for = ""
        self._attempt = lease.attempt
        self._last = lease.task.last_sequence
        self._writing = asyncio.Lock()
        self._posted: list[Write] = []
        self._begun: Write | None = None
        """A write that was begun; one that was given up in the middle is finished before the next."""
        self._again = False
        self._store = store
        self._bus = bus
        self._random = random

    def post(self, write: Write) -> None:
        """Let a write follow those before it; it is not durable before `flush` has returned."""
        self._posted.append(write)

    async def write(self, write: Write, *, ends: bool = False) -> None:
        """Write durably and once, with what was posted before.

        Raises:
            LeaseLostError: somebody else holds the task, or it ended.
        """
        self.post(write)
        await self.flush(ends=ends)

    async def flush(self, *, ends: bool = False) -> None:
        """Make everything durable that was posted, as often as it takes while the database is away.

        Raises:
            LeaseLostError: somebody else holds the task, or it ended.
        """
        async with self._writing:  # each write builds on the last event
            if not self._posted and not self._begun:
                return
            while self._begun or self._posted:
                if self._begun is None:
                    self._begun, self._again = together(self._posted), False
                await self._finish(self._begun)
                self._begun = None
        self._bus.announce(self.task_id, ended=ends)

    async def _finish(self, write: Write) -> None:
        tries = 0
        while True:
            try:
                last = await self._tried(write)
            except UnavailableError:
                tries += 1
                await asyncio.sleep(pause(tries, random=self._random, base=0.05, most=1.0))
            else:
                break
        if last is None:
            raise LeaseLostError(self.task_id)
        self._last = last

    async def _tried(self, write: Write) -> int | None:
        """Write. When an earlier try may have been done and only its answer got lost, find that out."""
        again, self._again = self._again, True
        last = await self._store.write(
            write, task_id=self.task_id, attempt=self._attempt, expected=self._last
        )
        if last is None and again:
            found = await self._store.last(task_id=self.task_id, attempt=self._attempt)
            last = found if found == self._last + len(write.events) else None
        return last

    def take_in(self, spec: TaskSpec) -> None:
        """Go on with another spec, such as one from which something was left out."""
        self.spec, self.brief = spec, replace(self.brief, spec=spec)

    def add(self, planned: list[PlannedStep], *, round_number: int) -> None:
        """Take over steps that were written."""
        first = len(self.steps)
        for place, step in enumerate(planned):
            self.steps[step.step_id] = Step(plan=step, position=first + place, round=round_number)
        self.round = round_number


def _waiting(step: Step) -> Step:
    """A step that ran when its holder was lost runs again: nobody knows what became of it."""
    return replace(step, state=StepState.PENDING) if step.state is StepState.RUNNING else step
