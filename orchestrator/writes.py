"""The writes that a task's holder makes; what each may start from is the state machine's."""

from collections.abc import Sequence
from typing import Any

from orchestrator.model.event import EventType
from orchestrator.model.step import Plan, PlannedStep, Step, StepResult, StepState
from orchestrator.model.task import ErrorType, Phase, Status, TaskError, TaskResult
from orchestrator.model.verdict import Judgement
from orchestrator.rows import ERROR, JUDGED, RESULT, STEP_RESULT, Judged, clean, dump
from orchestrator.state import StepEvent, next_status, next_step_state, step_sources
from orchestrator.state import TaskEvent as Happening
from orchestrator.write import Charge, NewEvent, NewStep, StepChange, Write

_REST = """, rest AS (
    UPDATE orchestrator.steps AS s SET state = {state}, finished_at = clock_timestamp()
    FROM fence f WHERE s.task_id = f.task_id AND s.state IN ({sources})
)"""

_ENDED = ", lease_owner = NULL, lease_until = NULL, finished_at = clock_timestamp()"


def planned(plan: Plan, steps: Sequence[PlannedStep], *, charges: Sequence[Charge]) -> Write:
    """The plan is made; its steps are there from now on."""
    outline = [
        {"step_id": s.step_id, "name": s.name, "capability": s.capability, "depends_on": list(s.depends_on)}
        for s in steps
    ]
    event = NewEvent(type=EventType.TASK_PLANNED, data={"steps": outline, "rationale": plan.rationale})
    return _with_steps(steps, first=0, round_number=0, event=event, charges=charges)


def repaired(steps: Sequence[PlannedStep], *, first: int, round_number: int, feedback: str) -> Write:
    """A repair round begins."""
    data = {"round": round_number, "feedback": feedback, "steps": [step.step_id for step in steps]}
    event = NewEvent(type=EventType.TASK_REPAIRED, data=data)
    return _with_steps(steps, first=first, round_number=round_number, event=event, charges=())


def started(step: Step, *, arm_id: str) -> Write:
    """A step is given to an arm."""
    data = {"name": step.plan.name, "arm_id": arm_id, "attempt": step.attempts + 1}
    return _on_step(step, StepEvent.START, EventType.STEP_STARTED, data=data, parameters={"arm_id": arm_id})


def progressed(step: Step, *, message: str, fraction: float | None) -> Write:
    """An arm told how far it is."""
    data: dict[str, Any] = {"message": message}
    if fraction is not None:
        data["fraction"] = fraction
    return Write(events=[NewEvent(type=EventType.STEP_PROGRESS, step_id=step.step_id, data=data)])


def completed(step: Step, result: StepResult) -> Write:
    """A step is done: its result is recorded and paid, together."""
    used = result.provenance
    data = {"name": step.plan.name, "arm_id": used.arm_id, "tokens": used.usage.tokens}
    return _on_step(
        step,
        StepEvent.COMPLETE,
        EventType.STEP_COMPLETED,
        data=data,
        parameters={"result": dump(STEP_RESULT, result)},
        charges=[Charge(key=f"step:{step.step_id}", provenance=used)],
    )


def retried(step: Step, *, error: str, after: float) -> Write:
    """A try of a step failed; another one follows after so many seconds."""
    data = {"error": error, "attempt": step.attempts, "after_seconds": round(after, 3)}
    values = {"error": clean(error)}
    return _on_step(step, StepEvent.RETRY, EventType.STEP_RETRIED, data=data, parameters=values)


def failed_step(step: Step, *, error: str) -> Write:
    """A step failed for good."""
    values = {"error": clean(error)}
    return _on_step(step, StepEvent.FAIL, EventType.STEP_FAILED, data={"error": error}, parameters=values)


def validated(best: Judged, judgement: Judgement, *, charges: Sequence[Charge]) -> Write:
    """The judge gave its verdicts on a round; `best` is the best round so far."""
    verdicts = [
        {"criterion": v.criterion, "passed": v.passed, "evidence": v.evidence, "method": v.method}
        for v in judgement.verdicts
    ]
    data = {"passed": judgement.passed, "round": best.round, "criteria": verdicts}
    return Write(
        events=[NewEvent(type=EventType.TASK_VALIDATED, data=data)],
        charges=charges,
        changes=", judgement = %(judgement)s::jsonb, phase = %(phase)s",
        parameters={"judgement": dump(JUDGED, best), "phase": Phase.VALIDATION},
    )


def finished(result: TaskResult, *, charges: Sequence[Charge], cache_hit: bool = False) -> Write:
    """The task completed, by its steps or with a result that was kept of an equal task."""
    data = {"validation_passed": result.validation_passed, "confidence": result.confidence}
    return _ending(
        Happening.COMPLETE,
        event=NewEvent(type=EventType.TASK_COMPLETED, data=data),
        changes=f"{_ENDED}, phase = {Phase.SYNTHESIS}, result = %(result)s::jsonb, "
        f"cache_hit = {str(cache_hit).lower()}",
        rest=StepEvent.SKIP,
        parameters={"result": dump(RESULT, result)},
        charges=charges,
    )


def failed(error: TaskError, *, charges: Sequence[Charge] = ()) -> Write:
    """The task failed."""
    data = {"type": error.type.name, "message": error.message}
    return _ending(
        Happening.FAIL,
        event=NewEvent(type=EventType.TASK_FAILED, data=data),
        changes=f"{_ENDED}, error = %(error)s::jsonb",
        rest=StepEvent.CANCEL,
        parameters={"error": dump(ERROR, error)},
        charges=charges,
    )


def timed_out(message: str) -> TaskError:
    """The error of a task whose time is up."""
    return TaskError(type=ErrorType.TIMEOUT, message=message)


def _with_steps(
    steps: Sequence[PlannedStep],
    *,
    first: int,
    round_number: int,
    event: NewEvent,
    charges: Sequence[Charge],
) -> Write:
    return Write(
        events=[event],
        charges=charges,
        new_steps=[
            NewStep(plan=step, position=place, round=round_number) for place, step in enumerate(steps, first)
        ],
        changes=", phase = %(phase)s, round = %(round)s, total_steps = t.total_steps + %(count)s",
        parameters={"phase": Phase.EXECUTION, "round": round_number, "count": len(steps)},
    )


def _on_step(
    step: Step,
    happening: StepEvent,
    event: EventType,
    *,
    data: dict[str, Any],
    parameters: dict[str, Any],
    charges: Sequence[Charge] = (),
) -> Write:
    next_step_state(step.state, happening)  # refused here, before the database refuses it
    return Write(
        events=[NewEvent(type=event, step_id=step.step_id, data=data)],
        charges=charges,
        steps=[StepChange(step_id=step.step_id, happening=happening, parameters=parameters)],
    )


def _ending(
    happening: Happening,
    *,
    event: NewEvent,
    changes: str,
    rest: StepEvent,
    parameters: dict[str, Any],
    charges: Sequence[Charge],
) -> Write:
    return Write(
        events=[event],
        charges=charges,
        changes=f", status = {next_status(Status.PROCESSING, happening)}{changes}",
        more=_REST.format(
            state=int(next_step_state(StepState.PENDING, rest)),
            sources=", ".join(f"{state:d}" for state in step_sources(rest)),
        ),
        parameters=parameters,
    )
