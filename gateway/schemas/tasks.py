"""Tasks as callers send, list and read them."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gateway.schemas.base import (
    Instant,
    QueryInstant,
    QueryInteger,
    QueryTruth,
    Sent,
    SentInQuery,
    TaskId,
    Told,
)
from gateway.schemas.paging import PageQuery, Pagination, SortOrder

Priority = Literal["low", "medium", "high", "critical"]
TaskStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]
Phase = Literal["preprocessing", "planning", "execution", "validation", "synthesis"]
TaskErrorType = Literal[
    "BUDGET_EXCEEDED",
    "TIMEOUT",
    "ARM_UNAVAILABLE",
    "SANDBOX_UNAVAILABLE",
    "PLAN_INVALID",
    "VALIDATION_FAILED",
    "BLOCKED",
    "INTERNAL",
]

Goal = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000),
    Field(json_schema_extra={"pattern": r"\S"}),
]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Lines = Annotated[list[Line], Field(max_length=20)]
LabelName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
LabelValue = Annotated[str, StringConstraints(max_length=1000)]
Labels = Annotated[dict[LabelName, LabelValue], Field(max_length=20)]


class BudgetRequest(Sent):
    """What a task may use."""

    max_tokens: int = Field(default=10_000, ge=1, le=1_000_000, description="Model tokens.")
    max_time_seconds: int = Field(default=300, ge=1, le=3600, description="Seconds from when work begins.")
    max_cost_dollars: float = Field(default=1.0, ge=0, le=100, description="US dollars.")


class PolicyRequest(Sent):
    """How a task wants to be treated; it may only be stricter than the tenant's policy."""

    pii: Literal["redact", "allow", "block"] = Field(
        default="redact", description="What happens to personal data."
    )
    on_validation_failure: Literal["complete", "fail"] = Field(
        default="complete", description="How the task ends when criteria stay unmet."
    )
    swarm: int = Field(default=1, ge=1, le=5, description="How many proposals compete.")


class TaskRequest(Sent):
    """A new task: a goal and what it may use."""

    goal: Goal = Field(description="What is wanted, in words.")
    constraints: Lines = Field(default=[], description="What the work must respect.")
    acceptance_criteria: Lines = Field(
        default=[], description="What the result must satisfy; each is judged."
    )
    context: dict[str, Any] = Field(
        default_factory=dict,
        description="Whatever the work needs to know: at most 64 KiB as JSON, 8 levels deep.",
    )
    budget: BudgetRequest = Field(default_factory=BudgetRequest)
    priority: Priority = Field(default="medium", description="How soon it wants to be worked on.")
    metadata: Labels = Field(
        default_factory=dict, description="The caller's own values, sent back under `metadata.labels`."
    )
    callback_url: Annotated[str, StringConstraints(max_length=2000, pattern="^https://.+$")] | None = Field(
        default=None,
        description="Called when the task ends, signed; the operator lists the hosts that may be named.",
    )
    policy: PolicyRequest = Field(default_factory=PolicyRequest)


class Budget(Told):
    """What a task may use."""

    max_tokens: int
    max_time_seconds: int
    max_cost_dollars: float


class Progress(Told):
    """How far a task is."""

    current_step: Phase
    completed_steps: int = Field(ge=0)
    total_steps: int = Field(ge=0)
    percentage: int = Field(ge=0, le=100)


class Criterion(Told):
    """The judgement of one acceptance criterion."""

    criterion: str
    passed: bool
    evidence: str


class Citation(Told):
    """The place in a source that supports a claim."""

    document_id: str
    title: str
    chunk_id: str
    quote: str
    score: float


class Artifact(Told):
    """A named piece of output beside the text."""

    name: str
    media_type: str
    content: str
    encoding: str


class TaskResult(Told):
    """What a completed task gives."""

    output: str
    confidence: float = Field(ge=0, le=1)
    validation_passed: bool
    criteria: list[Criterion]
    citations: list[Citation]
    artifacts: list[Artifact]


class TaskError(Told):
    """Why a task failed."""

    type: TaskErrorType
    message: str
    details: dict[str, Any]


class TaskMetadata(Told):
    """What a task used, and what its caller attached."""

    arms_used: list[str]
    tokens_used: int
    cost_dollars: float
    duration_seconds: float
    cache_hit: bool
    labels: dict[str, str]


class Task(Told):
    """A task as it stands."""

    task_id: TaskId
    status: TaskStatus
    goal: str
    constraints: list[str]
    acceptance_criteria: list[str]
    context: dict[str, Any]
    budget: Budget
    priority: Priority
    progress: Progress
    result: TaskResult | None
    error: TaskError | None
    metadata: TaskMetadata
    request_id: str
    created_at: Instant
    updated_at: Instant
    completed_at: Instant | None
    failed_at: Instant | None
    cancelled_at: Instant | None
    estimated_completion: Instant | None


class TaskPage(Told):
    """One page of tasks."""

    data: list[Task]
    pagination: Pagination


class ListTasksQuery(PageQuery):
    """Which tasks, in which order."""

    sort_by: Literal["created_at", "updated_at", "priority", "status"] = Field(
        default="created_at", description="Priority and status sort by rank; `task_id` breaks ties."
    )
    order: SortOrder = "desc"
    status: Annotated[list[TaskStatus], Field(max_length=5)] = Field(
        default=[], description="Only these; repeatable."
    )
    priority: Annotated[list[Priority], Field(max_length=4)] = Field(
        default=[], description="Only these; repeatable."
    )
    created_after: QueryInstant | None = Field(
        default=None, description="Only tasks accepted at or after this time."
    )
    created_before: QueryInstant | None = Field(
        default=None, description="Only tasks accepted before this time."
    )


class GetTaskQuery(SentInQuery):
    """How long to wait for the end."""

    wait: QueryInteger = Field(
        default=0, ge=0, le=60, description="Seconds; answers when the task ends or the time is up."
    )


class DeleteTaskQuery(SentInQuery):
    """Whether to erase as well."""

    erase: QueryTruth = Field(
        default=False,
        description="Instead of cancelling, remove what a task that has ended says: goal, constraints, "
        "criteria, context, labels, steps, result and events. Its id, status, times and usage stay.",
    )
