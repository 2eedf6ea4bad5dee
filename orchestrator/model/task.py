"""Tasks: what is asked for, where it stands, how it ended; numbers equal those of the protos."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from orchestrator.model.output import Artifact, Citation
from orchestrator.model.verdict import Verdict


class Status(IntEnum):
    """Where a task stands; the number is its rank when tasks are sorted."""

    QUEUED = 1
    PROCESSING = 2
    COMPLETED = 3
    FAILED = 4
    CANCELLED = 5


class Phase(IntEnum):
    """What is being done for a task."""

    NONE = 0
    PREPROCESSING = 1
    PLANNING = 2
    EXECUTION = 3
    VALIDATION = 4
    SYNTHESIS = 5


class Priority(IntEnum):
    """How soon a task wants to be worked on; the number is its rank."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class PiiPolicy(IntEnum):
    """What happens to personal data."""

    REDACT = 1
    ALLOW = 2
    BLOCK = 3


class OnValidationFailure(IntEnum):
    """How a task ends whose criteria stay unmet."""

    COMPLETE = 1
    FAIL = 2


class ErrorType(IntEnum):
    """Why a task failed; closed."""

    BUDGET_EXCEEDED = 1
    TIMEOUT = 2
    ARM_UNAVAILABLE = 3
    SANDBOX_UNAVAILABLE = 4
    PLAN_INVALID = 5
    VALIDATION_FAILED = 6
    BLOCKED = 7
    INTERNAL = 8


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a task may use; the defaults are the API's."""

    max_tokens: int = 10_000
    max_time_seconds: int = 300
    max_cost_micros: int = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How a task wants to be treated; None leaves it to the tenant's policy."""

    pii: PiiPolicy | None = None
    on_validation_failure: OnValidationFailure = OnValidationFailure.COMPLETE
    swarm: int | None = None


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """What the caller asks for; `context_json` stays the text that came, so that no number changes."""

    goal: str
    constraints: tuple[str, ...] = ()
    acceptance_criteria: tuple[str, ...] = ()
    context_json: str = ""
    budget: Budget = Budget()
    priority: Priority = Priority.MEDIUM
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    callback_url: str = ""
    policy: Policy = Policy()


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """A completed task's result."""

    output: str
    confidence: float
    validation_passed: bool
    criteria: tuple[Verdict, ...] = ()
    citations: tuple[Citation, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TaskError:
    """A failed task's error, in the caller's words."""

    type: ErrorType
    message: str
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task as it stands; times are the database's."""

    task_id: str
    tenant: str
    status: Status
    spec: TaskSpec
    phase: Phase = Phase.NONE
    round: int = 0
    completed_steps: int = 0
    total_steps: int = 0
    result: TaskResult | None = None
    error: TaskError | None = None
    arms_used: tuple[str, ...] = ()
    tokens_used: int = 0
    cost_micros: int = 0
    cache_hit: bool = False
    request_id: str = ""
    last_sequence: int = 0
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline_at: datetime | None = None
    read_at: datetime

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self.status >= Status.COMPLETED
