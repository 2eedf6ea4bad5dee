"""Plans and their steps; numbers equal those of the protos."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from orchestrator.model.output import Artifact, Citation
from orchestrator.model.provenance import NO_PROVENANCE, Provenance


class StepState(IntEnum):
    """Where a step stands."""

    PENDING = 1
    RUNNING = 2
    COMPLETED = 3
    FAILED = 4
    CANCELLED = 5
    SKIPPED = 6


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
    provenance: Provenance = NO_PROVENANCE


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What an arm made of a step."""

    output: str
    output_json: str = ""
    confidence: float = 0.0
    citations: tuple[Citation, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    provenance: Provenance = NO_PROVENANCE


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
