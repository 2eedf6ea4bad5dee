"""The state machine: a table of every pair, and walks that try to break it."""

import itertools

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from orchestrator.model.step import StepState
from orchestrator.model.task import Status
from orchestrator.state import (
    StepEvent,
    TaskEvent,
    next_status,
    next_step_state,
    step_sources,
    task_sources,
)
from servicekit.errors import ConflictError

Q, P, C, F, X = Status.QUEUED, Status.PROCESSING, Status.COMPLETED, Status.FAILED, Status.CANCELLED
TABLE = {
    (Q, TaskEvent.LEASE): P,
    (Q, TaskEvent.FAIL): F,
    (Q, TaskEvent.CANCEL): X,
    (P, TaskEvent.LEASE): P,
    (P, TaskEvent.ADVANCE): P,
    (P, TaskEvent.RELEASE): P,
    (P, TaskEvent.COMPLETE): C,
    (P, TaskEvent.FAIL): F,
    (P, TaskEvent.CANCEL): X,
}
STEP_TABLE = {
    (StepState.PENDING, StepEvent.START): StepState.RUNNING,
    (StepState.PENDING, StepEvent.FAIL): StepState.FAILED,
    (StepState.PENDING, StepEvent.CANCEL): StepState.CANCELLED,
    (StepState.PENDING, StepEvent.SKIP): StepState.SKIPPED,
    (StepState.RUNNING, StepEvent.START): StepState.RUNNING,
    (StepState.RUNNING, StepEvent.COMPLETE): StepState.COMPLETED,
    (StepState.RUNNING, StepEvent.RETRY): StepState.PENDING,
    (StepState.RUNNING, StepEvent.FAIL): StepState.FAILED,
    (StepState.RUNNING, StepEvent.CANCEL): StepState.CANCELLED,
    (StepState.RUNNING, StepEvent.SKIP): StepState.SKIPPED,
}


@pytest.mark.parametrize(("status", "event"), [*itertools.product(Status, TaskEvent)])
def test_every_pair_of_status_and_event(status: Status, event: TaskEvent) -> None:
    if (status, event) in TABLE:
        assert next_status(status, event) is TABLE[status, event]
        assert status in task_sources(event)
    else:
        with pytest.raises(ConflictError):
            next_status(status, event)
        assert status not in task_sources(event)


@pytest.mark.parametrize(("state", "event"), [*itertools.product(StepState, StepEvent)])
def test_every_pair_of_step_state_and_event(state: StepState, event: StepEvent) -> None:
    if (state, event) in STEP_TABLE:
        assert next_step_state(state, event) is STEP_TABLE[state, event]
        assert state in step_sources(event)
    else:
        with pytest.raises(ConflictError):
            next_step_state(state, event)
        assert state not in step_sources(event)


class AnySequence(RuleBasedStateMachine):
    """Throws events at a task in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.status = Status.QUEUED
        self.ends: list[Status] = []

    @rule(event=st.sampled_from(TaskEvent))
    def happen(self, event: TaskEvent) -> None:
        try:
            following = next_status(self.status, event)
        except ConflictError:
            return
        if following is not self.status and following >= Status.COMPLETED:
            self.ends.append(following)
        self.status = following

    @invariant()
    def one_end_for_ever(self) -> None:
        assert len(self.ends) <= 1
        assert not self.ends or self.status is self.ends[0]


AnySequence.TestCase.settings = hypothesis_settings(max_examples=200, stateful_step_count=30, deadline=None)
TestAnySequence = AnySequence.TestCase
