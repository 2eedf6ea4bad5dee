"""The writes that a task's holder makes; what each may start from is the state machine's."""

from collections.abc import Sequence
from typing import Any

from orchestrator.model import (
    ErrorType,
    EventType,
    Judgement,
    Phase,
    Plan,
    PlannedStep,
    Status,
    Step,
    StepResult,
    StepState,
    TaskError,
    TaskResult,
)
from orchestrator.rows import ERROR, JUDGED, PLANNED, RESULT, STEP_RESULT, Judged, clean, dump
from orchestrator.state import StepEvent, next_status, next_step_state, step_sources
from orchestrator.state import TaskEvent as Happening
from orchestrator.store_writes import Charge, NewEvent, Write

_STEP_IS = """ AND EXISTS (
        SELECT 1 FROM orchestrator.steps s
        WHERE s.task_id = t.task_id AND s.step_id = %(step_id)s AND s.state = ANY(%(sources)s::smallint[])
    )"""

_STEP_SET = """, step AS (
    UPDATE orchestrator.steps AS s SET state = %(state)s{changes}
    FROM fence f WHERE s.task_id = f.task_id AND s.step_id = %(step_id)s
)"""

_NEW_STEPS = """, planned AS (
    INSERT INTO orchestrator.steps (task_id, step_id, position, round, plan)
    SELECT f.task_id, p.step_id, %(first)s + p.place - 1, %(round)s, p.plan::jsonb
    FROM fence f, unnest(%(new_ids)s::text[], %(new_plans)s::text[])
        WITH ORDINALITY AS p (step_id, plan, place)
)"""

_REST = """, rest AS (
    UPDATE orchestrator.steps AS s SET state = %(rest)s, finished_at = clock_timestamp()
    FROM fence f WHERE s.task_id = f.task_id AND s.state = ANY(%(sources)s::smallint[])
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
    return _on_step(
        step,
        StepEvent.START,
        event=NewEvent(type=EventType.STEP_STARTED, step_id=step.step_id, data=data),
        changes=", attempts = s.attempts + 1, arm_id = %(arm_id)s, "
        "started_at = coalesce(s.started_at, clock_timestamp())",
        parameters={"arm_id": arm_id},
    )


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
    write = _on_step(
        step,
        StepEvent.COMPLETE,
        event=NewEvent(type=EventType.STEP_COMPLETED, step_id=step.step_id, data=data),
        changes=", result = %(result)s::jsonb, error = '', finished_at = clock_timestamp()",
        parameters={"result": dump(STEP_RESULT, result)},
        charges=[Charge(key=f"step:{step.step_id}", provenance=used)],
    )
    return _plus(write, ", completed_steps = t.completed_steps + 1")


def retried(step: Step, *, error: str, after: float) -> Write:
    """A try of a step failed; another one follows after so many seconds."""
    data = {"error": error, "attempt": step.attempts, "after_seconds": round(after, 3)}
    return _on_step(
        step,
        StepEvent.RETRY,
        event=NewEvent(type=EventType.STEP_RETRIED, step_id=step.step_id, data=data),
        changes=", error = %(error)s",
        parameters={"error": clean(error)},
    )


def failed_step(step: Step, *, error: str) -> Write:
    """A step failed for good."""
    return _on_step(
        step,
        StepEvent.FAIL,
        event=NewEvent(type=EventType.STEP_FAILED, step_id=step.step_id, data={"error": error}),
        changes=", error = %(error)s, finished_at = clock_timestamp()",
        parameters={"error": clean(error)},
    )


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


def finished(result: TaskResult, *, charges: Sequence[Charge]) -> Write:
    """The task completed."""
    data = {"validation_passed": result.validation_passed, "confidence": result.confidence}
    return _ending(
        Happening.COMPLETE,
        event=NewEvent(type=EventType.TASK_COMPLETED, data=data),
        changes=f"{_ENDED}, phase = {Phase.SYNTHESIS}, result = %(result)s::jsonb",
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
        changes=", phase = %(phase)s, round = %(round)s, total_steps = t.total_steps + %(count)s",
        more=_NEW_STEPS,
        parameters={
            "phase": Phase.EXECUTION,
            "round": round_number,
            "count": len(steps),
            "first": first,
            "new_ids": [step.step_id for step in steps],
            "new_plans": [dump(PLANNED, step) for step in steps],
        },
    )


def _on_step(
    step: Step,
    happening: StepEvent,
    *,
    event: NewEvent,
    changes: str,
    parameters: dict[str, Any],
    charges: Sequence[Charge] = (),
) -> Write:
    return Write(
        events=[event],
        charges=charges,
        condition=_STEP_IS,
        more=_STEP_SET.format(changes=changes),
        parameters={
            "step_id": step.step_id,
            "state": next_step_state(step.state, happening),
            "sources": step_sources(happening),
            **parameters,
        },
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
        more=_REST,
        parameters={
            "rest": next_step_state(StepState.PENDING, rest),
            "sources": step_sources(rest),
            **parameters,
        },
    )


def _plus(write: Write, changes: str) -> Write:
    return Write(
        events=write.events,
        charges=write.charges,
        changes=write.changes + changes,
        condition=write.condition,
        more=write.more,
        parameters=write.parameters,
    )
