"""Between rows and the words of the domain; JSON columns are read and written by one adapter a type."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from orchestrator.model.arm import ArmDescription, ArmInstance, ArmStatus
from orchestrator.model.event import Event, EventType
from orchestrator.model.step import PlannedStep, Step, StepResult, StepState
from orchestrator.model.task import Phase, Status, Task, TaskError, TaskResult, TaskSpec
from orchestrator.model.verdict import Judgement


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The best judgement of a task so far.

    Attributes:
        round: the round that was judged last.
        ends: the steps whose outputs make up the best output.
        judgement: what the judge said of it.
    """

    round: int
    ends: tuple[str, ...]
    judgement: Judgement


SPEC: TypeAdapter[TaskSpec] = TypeAdapter(TaskSpec)
RESULT: TypeAdapter[TaskResult] = TypeAdapter(TaskResult)
ERROR: TypeAdapter[TaskError] = TypeAdapter(TaskError)
PLANNED: TypeAdapter[PlannedStep] = TypeAdapter(PlannedStep)
STEP_RESULT: TypeAdapter[StepResult] = TypeAdapter(StepResult)
JUDGED: TypeAdapter[Judged] = TypeAdapter(Judged)
DESCRIPTION: TypeAdapter[ArmDescription] = TypeAdapter(ArmDescription)
ANY: TypeAdapter[Any] = TypeAdapter(Any)

TASK_COLUMNS = """
    t.task_id, t.tenant, t.status, t.phase, t.round, t.completed_steps, t.total_steps, t.arms_used,
    t.tokens_used, t.cost_micros, t.cache_hit, t.request_id, t.last_sequence, t.created_at, t.updated_at,
    t.started_at, t.finished_at, t.deadline_at, clock_timestamp() AS read_at,
    t.spec::text AS spec, t.result::text AS result, t.error::text AS error"""

STEP_COLUMNS = """
    s.position, s.round, s.state, s.attempts, s.arm_id, s.error, s.created_at, s.started_at, s.finished_at,
    s.plan::text AS plan, s.result::text AS result"""

ARM_COLUMNS = """
    instance_id, status, status_detail, running, registered_at, last_seen_at,
    last_seen_at < clock_timestamp() - make_interval(secs => %(silence)s) AS silent,
    description::text AS description"""

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""An escaped NUL; after an odd number of further backslashes it is text that only looks like one."""

Row = Mapping[str, Any]


def clean(text: str) -> str:
    """The text as PostgreSQL can store it."""
    return text.replace("\x00", "\ufffd")


def dump(adapter: TypeAdapter[Any], value: object) -> str:
    """The value as JSON text. NUL, which PostgreSQL cannot store, becomes the replacement character."""
    text = adapter.dump_json(value).decode()
    return _NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


def task_of(row: Row) -> Task:
    """A task from TASK_COLUMNS."""
    return Task(
        task_id=row["task_id"],
        tenant=row["tenant"],
        status=Status(row["status"]),
        spec=SPEC.validate_json(row["spec"]),
        phase=Phase(row["phase"]),
        round=row["round"],
        completed_steps=row["completed_steps"],
        total_steps=row["total_steps"],
        result=RESULT.validate_json(row["result"]) if row["result"] else None,
        error=ERROR.validate_json(row["error"]) if row["error"] else None,
        arms_used=tuple(row["arms_used"]),
        tokens_used=row["tokens_used"],
        cost_micros=row["cost_micros"],
        cache_hit=row["cache_hit"],
        request_id=row["request_id"],
        last_sequence=row["last_sequence"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        deadline_at=row["deadline_at"],
        read_at=row["read_at"],
    )


def step_of(row: Row) -> Step:
    """A step from STEP_COLUMNS."""
    return Step(
        plan=PLANNED.validate_json(row["plan"]),
        position=row["position"],
        round=row["round"],
        state=StepState(row["state"]),
        attempts=row["attempts"],
        arm_id=row["arm_id"],
        result=STEP_RESULT.validate_json(row["result"]) if row["result"] else None,
        error=row["error"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )


def event_of(row: Row) -> Event:
    """An event from its columns."""
    return Event(
        task_id=row["task_id"],
        sequence=row["sequence"],
        type=EventType(row["type"]),
        created_at=row["created_at"],
        step_id=row["step_id"],
        data=row["data"],
    )


def arm_of(row: Row) -> ArmInstance:
    """An instance from ARM_COLUMNS; one that was silent for too long is unavailable, whatever it said."""
    return ArmInstance(
        instance_id=row["instance_id"],
        description=DESCRIPTION.validate_json(row["description"]),
        status=ArmStatus.UNAVAILABLE if row["silent"] else ArmStatus(row["status"]),
        status_detail="no sign of life" if row["silent"] else row["status_detail"],
        running=row["running"],
        registered_at=row["registered_at"],
        last_seen_at=row["last_seen_at"],
        silent=row["silent"],
    )


def tasks_of(rows: Sequence[Row]) -> list[Task]:
    """Tasks from TASK_COLUMNS."""
    return [task_of(row) for row in rows]
