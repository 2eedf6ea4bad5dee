"""The steps of a task's plan, and the events of its life."""

from typing import Any, Literal

from pydantic import Field

from gateway.schemas.base import Instant, TaskId, Told
from gateway.schemas.paging import Pagination

StepState = Literal["pending", "running", "completed", "failed", "cancelled", "skipped"]
EventType = Literal[
    "task.queued",
    "task.started",
    "task.planned",
    "step.started",
    "step.progress",
    "step.completed",
    "step.failed",
    "step.retried",
    "task.validated",
    "task.repaired",
    "task.completed",
    "task.failed",
    "task.cancelled",
]


class Usage(Told):
    """What a step consumed."""

    input_tokens: int
    output_tokens: int
    cost_dollars: float
    cost_known: bool = Field(description="False when the model has no known price.")
    model_requests: int


class Run(Told):
    """A program that was run in the sandbox to check a result."""

    command: str
    exit_code: int
    stopped_by: str | None = Field(description="Why it was stopped from outside, such as `wall_clock`.")
    tests_passed: int
    tests_failed: int
    seconds: float


class Provenance(Told):
    """How a step's output came to be."""

    arm_id: str
    instance_id: str
    arm_version: str
    model: str | None
    prompt_hash: str | None
    confidence: float = Field(ge=0, le=1)
    method: str
    sources: list[str]
    runs: list[Run] = Field(description="What was run to check the result, in order.")
    started_at: Instant | None
    finished_at: Instant | None


class Step(Told):
    """One node of the plan."""

    step_id: str
    name: str
    capability: str
    instruction: str
    depends_on: list[str] = Field(description="Steps whose outputs it needs.")
    state: StepState
    attempts: int
    round: int = Field(description="The repair round it was planned in; 0 is the first plan.")
    arm_id: str | None
    output: str | None
    error: str | None
    usage: Usage | None
    provenance: Provenance | None
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    duration_seconds: float | None


class StepPage(Told):
    """One page of steps, in the order of the plan."""

    data: list[Step]
    pagination: Pagination


class TaskEvent(Told):
    """The `data` of one server-sent event."""

    task_id: TaskId
    sequence: int = Field(ge=1, description="1, 2, 3 ... without gaps; also the event's `id`.")
    type: EventType
    created_at: Instant
    step_id: str | None
    data: dict[str, Any]
