"""The state machine of tasks and steps: (state, event) -> state or a refusal. Pure: no clock, no database.

Every SQL statement that changes a state takes the states it may start from out of these tables, so the
database refuses what this module refuses.
"""

from collections.abc import Mapping
from enum import Enum

from orchestrator.model.step import StepState
from orchestrator.model.task import Status
from servicekit.errors import ConflictError


class TaskEvent(Enum):
    """What may happen to a task."""

    LEASE = "lease"
    """An orchestrator takes it up, the first time or again."""
    ADVANCE = "advance"
    """Its holder enters a phase or records something."""
    RELEASE = "release"
    """Its holder lets go of it before its end."""
    COMPLETE = "complete"
    """It ended with a result."""
    FAIL = "fail"
    """It ended with an error."""
    CANCEL = "cancel"
    """Its caller ends it."""


class StepEvent(Enum):
    """What may happen to a step."""

    START = "start"
    """An arm is given it."""
    COMPLETE = "complete"
    """The arm's result is recorded."""
    RETRY = "retry"
    """The try failed, or was interrupted; another one follows."""
    FAIL = "fail"
    """It failed for good."""
    CANCEL = "cancel"
    """Its task ended."""
    SKIP = "skip"
    """It is not needed any more."""


TASK: Mapping[tuple[Status, TaskEvent], Status] = {
    (Status.QUEUED, TaskEvent.LEASE): Status.PROCESSING,
    (Status.QUEUED, TaskEvent.FAIL): Status.FAILED,  # waited beyond the queue limit
    (Status.QUEUED, TaskEvent.CANCEL): Status.CANCELLED,
    (Status.PROCESSING, TaskEvent.LEASE): Status.PROCESSING,
    (Status.PROCESSING, TaskEvent.ADVANCE): Status.PROCESSING,
    (Status.PROCESSING, TaskEvent.RELEASE): Status.PROCESSING,
    (Status.PROCESSING, TaskEvent.COMPLETE): Status.COMPLETED,
    (Status.PROCESSING, TaskEvent.FAIL): Status.FAILED,
    (Status.PROCESSING, TaskEvent.CANCEL): Status.CANCELLED,
}
"""Everything that is allowed; a terminal status has no row, so it is final for ever."""

STEP: Mapping[tuple[StepState, StepEvent], StepState] = {
    (StepState.PENDING, StepEvent.START): StepState.RUNNING,
    (StepState.PENDING, StepEvent.FAIL): StepState.FAILED,
    (StepState.PENDING, StepEvent.CANCEL): StepState.CANCELLED,
    (StepState.PENDING, StepEvent.SKIP): StepState.SKIPPED,
    (StepState.RUNNING, StepEvent.START): StepState.RUNNING,  # a successor begins it anew
    (StepState.RUNNING, StepEvent.COMPLETE): StepState.COMPLETED,
    (StepState.RUNNING, StepEvent.RETRY): StepState.PENDING,
    (StepState.RUNNING, StepEvent.FAIL): StepState.FAILED,
    (StepState.RUNNING, StepEvent.CANCEL): StepState.CANCELLED,
    (StepState.RUNNING, StepEvent.SKIP): StepState.SKIPPED,
}
"""Everything that is allowed; a finished step is never run again."""


def next_status(status: Status, event: TaskEvent) -> Status:
    """The status after `event`.

    Raises:
        ConflictError: the status does not allow it.
    """
    following = TASK.get((status, event))
    if following is None:
        raise ConflictError(
            f"a task that is {status.name.lower()} cannot {event.value}",
            reason="STATE_CONFLICT",
            constraint=f"status must be one of {', '.join(s.name.lower() for s in task_sources(event))}",
        )
    return following


def next_step_state(state: StepState, event: StepEvent) -> StepState:
    """The state of a step after `event`.

    Raises:
        ConflictError: the state does not allow it.
    """
    following = STEP.get((state, event))
    if following is None:
        raise ConflictError(
            f"a step that is {state.name.lower()} cannot {event.value}", reason="STATE_CONFLICT"
        )
    return following


def task_sources(event: TaskEvent) -> list[Status]:
    """The statuses that allow `event`, by rank."""
    return sorted(status for status, allowed in TASK if allowed is event)


def step_sources(event: StepEvent) -> list[StepState]:
    """The step states that allow `event`, by number."""
    return sorted(state for state, allowed in STEP if allowed is event)
