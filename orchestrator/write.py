"""What a task's holder wants written, as data; writes that may happen at once become one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.model.event import EventType
from orchestrator.model.provenance import Provenance
from orchestrator.model.step import PlannedStep
from orchestrator.state import StepEvent


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event to append."""

    type: EventType
    step_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A call to pay.

    Attributes:
        key: names the call within the task; a key that was paid cannot be paid again.
        provenance: who did it with which model, and what was consumed.
    """

    key: str
    provenance: Provenance


@dataclass(frozen=True, kw_only=True)
class StepChange:
    """A step goes on.

    Attributes:
        step_id: which.
        happening: what happens to it; the state machine says where that may start and where it leads.
        parameters: the values that come with it, by the names of its statement.
    """

    step_id: str
    happening: StepEvent
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class NewStep:
    """A step to add; one that is `started` in the same write is running at once."""

    plan: PlannedStep
    position: int
    round: int
    started: bool = False
    arm_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Write:
    """What one statement changes.

    Attributes:
        events: appended in order.
        charges: entered in the ledger and added to the task.
        steps: steps that go on, each once.
        new_steps: steps that are added.
        changes: further assignments to the task's columns, beginning with a comma.
        more: further WITH queries that read ``fence``, beginning with a comma.
        parameters: what these refer to.
    """

    events: Sequence[NewEvent] = ()
    charges: Sequence[Charge] = ()
    steps: Sequence[StepChange] = ()
    new_steps: Sequence[NewStep] = ()
    changes: str = ""
    more: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])


def together(posted: list[Write]) -> Write:
    """Take as many writes off the front as one statement can do; what it does, it does as a whole."""
    write = posted.pop(0)
    while posted and not write.more:
        both = _both(write, posted[0])
        if both is None:
            break
        write = both
        posted.pop(0)
    return write


def _both(first: Write, then: Write) -> Write | None:
    """Two writes as one; None when they must follow each other."""
    if then.changes or then.more or then.new_steps:
        return None
    changed = {change.step_id for change in first.steps}
    added = {step.plan.step_id: step for step in first.new_steps}
    for change in then.steps:
        if change.step_id in changed:
            return None  # a statement changes a row once
        if change.step_id in added:
            if change.happening is not StepEvent.START or added[change.step_id].started:
                return None
            arm_id = change.parameters["arm_id"]
            added[change.step_id] = replace(added[change.step_id], started=True, arm_id=arm_id)
    return replace(
        first,
        events=[*first.events, *then.events],
        charges=[*first.charges, *then.charges],
        steps=[*first.steps, *(change for change in then.steps if change.step_id not in added)],
        new_steps=list(added.values()),
    )
