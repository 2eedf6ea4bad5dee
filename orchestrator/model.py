"""The words of the domain: tasks, plans, steps, events, verdicts; numbers equal those of the protos."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any


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


class StepState(IntEnum):
    """Where a step stands."""

    PENDING = 1
    RUNNING = 2
    COMPLETED = 3
    FAILED = 4
    CANCELLED = 5
    SKIPPED = 6


class EventType(IntEnum):
    """What happened to a task."""

    TASK_QUEUED = 1
    TASK_STARTED = 2
    TASK_PLANNED = 3
    STEP_STARTED = 4
    STEP_PROGRESS = 5
    STEP_COMPLETED = 6
    STEP_FAILED = 7
    STEP_RETRIED = 8
    TASK_VALIDATED = 9
    TASK_REPAIRED = 10
    TASK_COMPLETED = 11
    TASK_FAILED = 12
    TASK_CANCELLED = 13


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


class ArmStatus(IntEnum):
    """How well an arm works; higher is worse."""

    HEALTHY = 1
    DEGRADED = 2
    UNAVAILABLE = 3


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
class Usage:
    """What a call consumed; money in millionths of a US dollar."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    cost_known: bool = True
    model_requests: int = 0

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, kw_only=True)
class Run:
    """A program that an arm had run to check a result."""

    command: str = ""
    exit_code: int = 0
    stopped_by: str = ""
    tests_passed: int = 0
    tests_failed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a result came to be."""

    arm_id: str = ""
    instance_id: str = ""
    arm_version: str = ""
    model: str = ""
    prompt_hash: str = ""
    usage: Usage = Usage()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    confidence: float = 0.0
    sources: tuple[str, ...] = ()
    method: str = ""
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Citation:
    """The place in a source that supports a claim."""

    document_id: str = ""
    title: str = ""
    chunk_id: str = ""
    quote: str = ""
    score: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A named piece of output beside the text."""

    name: str = ""
    media_type: str = ""
    content: str = ""
    encoding: str = ""


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """One node of a plan."""

    step_id: str
    name: str
    capability: str
    instruction: str
    depends_on: tuple[str, ...] = ()
    arguments_json: str = ""
    feedback: str = ""
    estimated_tokens: int = 0
    estimated_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The steps of one round, in an order in which each comes after what it depends on."""

    steps: tuple[PlannedStep, ...]
    rationale: str = ""
    provenance: Provenance = Provenance()


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What an arm made of a step."""

    output: str
    output_json: str = ""
    confidence: float = 0.0
    citations: tuple[Citation, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    provenance: Provenance = Provenance()


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step as it stands."""

    plan: PlannedStep
    position: int
    round: int = 0
    state: StepState = StepState.PENDING
    attempts: int = 0
    arm_id: str = ""
    result: StepResult | None = None
    error: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def step_id(self) -> str:
        """Unique within the task."""
        return self.plan.step_id

    @property
    def output(self) -> str:
        """The output, empty until the step is done."""
        return self.result.output if self.result else ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The judgement of one acceptance criterion."""

    criterion: str
    passed: bool
    evidence: str = ""
    confidence: float = 0.0
    method: str = "undecided"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The judge's word on one output."""

    verdicts: tuple[Verdict, ...]
    passed: bool
    confidence: float
    feedback: str = ""
    provenance: Provenance = Provenance()


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


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened to a task; sequences run 1, 2, 3 ... without gaps."""

    task_id: str
    sequence: int
    type: EventType
    created_at: datetime
    step_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Capability:
    """One thing that an arm can do."""

    name: str
    description: str = ""
    input_schema_json: str = ""
    output_schema_json: str = ""


@dataclass(frozen=True, kw_only=True)
class ArmDescription:
    """What an arm says of itself."""

    arm_id: str
    name: str
    description: str = ""
    version: str = ""
    capabilities: tuple[Capability, ...]
    cost_tier: int
    endpoint: str
    max_concurrency: int = 1


@dataclass(frozen=True, kw_only=True)
class ArmInstance:
    """One running instance of an arm, as the register knows it; one that is silent counts as unavailable."""

    instance_id: str
    description: ArmDescription
    status: ArmStatus
    status_detail: str
    running: int
    registered_at: datetime
    last_seen_at: datetime
    silent: bool = False

    def holds(self, capability: str) -> bool:
        """Whether the instance says that it can do this."""
        return any(held.name == capability for held in self.description.capabilities)
