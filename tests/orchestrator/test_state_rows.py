"""Random sequences of what holders, callers and sweepers do to a task's rows: one end, for ever, paid once.

The rows are real and the statements are those of the stores. Holders that lost their lease write on with the
right number of the last event, so that nothing but the fence stops them.
"""

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from orchestrator import writes
from orchestrator.limits import SweepLimits
from orchestrator.migrations import SCHEMA, all_migrations
from orchestrator.model.event import EventType
from orchestrator.model.provenance import Provenance, Usage
from orchestrator.model.step import Plan, PlannedStep, StepState
from orchestrator.model.task import ErrorType, Status, TaskError, TaskResult, TaskSpec
from orchestrator.ownership import Reach
from orchestrator.state import StepEvent
from orchestrator.store_lease import LeaseStore
from orchestrator.store_submit import NewTask, SubmitStore
from orchestrator.store_sweep import SweepStore
from orchestrator.store_tasks import TaskStore
from orchestrator.store_writes import WriteStore
from orchestrator.tasks import new_task_id
from orchestrator.write import Charge, NewEvent, StepChange, Write, together
from servicekit.database import open_pool
from servicekit.migrate import migrate
from servicekit.principal import Principal
from tests.fault.history import Rows, Seen, check_rows, read_rows

STEPS = [PlannedStep(step_id=name, name=name, capability="work", instruction="i") for name in ("a", "b")]
EVENTS = {
    StepEvent.START: EventType.STEP_STARTED,
    StepEvent.COMPLETE: EventType.STEP_COMPLETED,
    StepEvent.RETRY: EventType.STEP_RETRIED,
    StepEvent.FAIL: EventType.STEP_FAILED,
}
HOLDERS = st.sampled_from([-1, -1, -1, 0, 1])
"""Who writes: mostly the newest holder, or one of the first, who may have lost the task long ago."""

FINISHED = {StepState.COMPLETED, StepState.FAILED, StepState.CANCELLED, StepState.SKIPPED}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The stores, a connection to look with, and how to wait for what is asynchronous."""

    run: Callable[..., Any]
    look: psycopg.Connection[Any]
    submit: SubmitStore
    leases: LeaseStore
    writes: WriteStore
    tasks: TaskStore
    sweep: SweepStore


@pytest.fixture
def bench(database_url: str) -> Generator[Bench]:
    with asyncio.Runner() as runner, psycopg.connect(database_url, autocommit=True) as look:
        runner.run(migrate(database_url, schema=SCHEMA, migrations=all_migrations()))
        opening = open_pool(database_url, name="test", max_size=2)
        pool = runner.run(opening.__aenter__())
        yield Bench(
            run=runner.run,
            look=look,
            submit=SubmitStore(pool=pool),
            leases=LeaseStore(pool=pool, owner="test", seconds=600, queue_limit=600),
            writes=WriteStore(pool=pool),
            tasks=TaskStore(pool=pool),
            sweep=SweepStore(pool=pool, limits=SweepLimits()),
        )
        runner.run(opening.__aexit__(None, None, None))


def step_write(step_id: str, happening: StepEvent) -> Write:
    used = Provenance(arm_id="worker", usage=Usage(input_tokens=7, cost_micros=3))
    values = {"arm_id": "worker", "error": "e", "result": '{"output": "o"}'}
    return Write(
        events=[NewEvent(type=EVENTS[happening], step_id=step_id)],
        charges=[Charge(key=f"step:{step_id}", provenance=used)] if happening is StepEvent.COMPLETE else (),
        steps=[StepChange(step_id=step_id, happening=happening, parameters=values)],
    )


def only(task_id: str, rows: Rows) -> Rows:
    """One task's: what an earlier sequence broke is not this one's."""
    return Rows(
        tasks={task_id: rows.tasks[task_id]},
        events=[row for row in rows.events if row[0] == task_id],
        steps=[row for row in rows.steps if row[0] == task_id],
        ledger=[row for row in rows.ledger if row[0] == task_id],
    )


class AnyHistory(RuleBasedStateMachine):
    """One task, and everybody who may touch it in any order."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench
        self.task_id = new_task_id()
        self.attempts = [0]
        self.end: tuple[int, int] | None = None
        self.finished: dict[str, int] = {}
        owner = Principal(tenant="default", subject="s")
        new = NewTask(task_id=self.task_id, owner=owner, spec=TaskSpec(goal="g"), request_id="r")
        bench.run(bench.submit.submit(new))

    def write(self, write: Write, holder: int) -> None:
        query = "SELECT last_sequence, attempt, status FROM orchestrator.tasks WHERE task_id = %s"
        last, newest, status = self.bench.look.execute(query, (self.task_id,)).fetchone() or (0, 0, 0)
        attempt = self.attempts[max(holder, -1) % len(self.attempts)]
        written = self.bench.run(
            self.bench.writes.write(write, task_id=self.task_id, attempt=attempt, expected=last)
        )
        if attempt != newest or status != Status.PROCESSING:
            assert written is None, "a late write was not fenced"

    @initialize()
    def begin(self) -> None:
        self.lease()
        self.plan(-1)

    @rule()
    def lease(self) -> None:
        lease = self.bench.run(self.bench.leases.acquire(task_id=self.task_id))
        if lease is not None:
            self.attempts.append(lease.attempt)

    @rule()
    def lose_the_lease(self) -> None:
        self.bench.look.execute(
            "UPDATE orchestrator.tasks SET lease_until = clock_timestamp() - interval '1 s' "
            "WHERE task_id = %s AND lease_until IS NOT NULL",
            (self.task_id,),
        )

    @rule(holder=HOLDERS)
    def release(self, holder: int) -> None:
        held = self.attempts[max(holder, -1) % len(self.attempts)]
        self.bench.run(self.bench.leases.release([(self.task_id, held)]))

    @rule(holder=HOLDERS)
    def plan(self, holder: int) -> None:
        known = "SELECT count(*) FROM orchestrator.steps WHERE task_id = %s"
        if self.bench.look.execute(known, (self.task_id,)).fetchone() == (0,):
            self.write(writes.planned(Plan(steps=()), STEPS, charges=()), holder)

    @rule(step=st.sampled_from("ab"), happening=st.sampled_from(list(EVENTS)), holder=HOLDERS)
    def one_step(self, step: str, happening: StepEvent, holder: int) -> None:
        self.write(step_write(step, happening), holder)

    @rule(first=st.sampled_from(list(EVENTS)), then=st.sampled_from(list(EVENTS)), holder=HOLDERS)
    def two_steps_at_once(self, first: StepEvent, then: StepEvent, holder: int) -> None:
        self.write(together([step_write("a", first), step_write("b", then)]), holder)

    @rule(holder=HOLDERS, how=st.sampled_from(["finish", "fail", "cancel"]))
    def end_it(self, holder: int, how: str) -> None:
        if how == "cancel":
            within = Reach(tenant="default", subject=None)
            self.bench.run(self.bench.tasks.cancel(task_id=self.task_id, within=within))
        elif how == "fail":
            self.write(writes.failed(TaskError(type=ErrorType.INTERNAL, message="m")), holder)
        else:
            result = TaskResult(output="o", confidence=1.0, validation_passed=True)
            self.write(writes.finished(result, charges=()), holder)

    @rule()
    def time_is_up(self) -> None:
        self.bench.look.execute(
            "UPDATE orchestrator.tasks SET deadline_at = clock_timestamp() - interval '1 s' "
            "WHERE task_id = %s AND deadline_at IS NOT NULL",
            (self.task_id,),
        )
        self.bench.run(self.bench.sweep.expire())

    @invariant()
    def the_promises_hold(self) -> None:
        rows = only(self.task_id, read_rows(self.bench.look))
        check_rows(rows, Seen())
        status, last, *_ = rows.tasks[self.task_id]
        if self.end is not None:
            assert (status, last) == self.end, "what ended changes no more"
        elif status >= Status.COMPLETED:
            self.end = (status, last)
        steps = {step: state for _, step, state in rows.steps}
        for step, state in self.finished.items():
            assert steps[step] == state, "a finished step changes no more"
        self.finished = {step: state for step, state in steps.items() if state in FINISHED}
        if self.end is not None:
            assert set(steps) == set(self.finished), "with the task its steps end"


def test_no_sequence_breaks_a_promise(bench: Bench) -> None:
    class Here(AnyHistory):
        def __init__(self) -> None:
            super().__init__(bench)

    settings = hypothesis_settings(
        max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(Here, settings=settings)
