"""What the orchestrator asks of arms, told without RPC; `clients.py` does it over gRPC."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from orchestrator.budget import Reservation
from orchestrator.model.arm import ArmInstance
from orchestrator.model.output import Citation
from orchestrator.model.provenance import Provenance
from orchestrator.model.step import Plan, Step, StepResult
from orchestrator.model.task import PiiPolicy, TaskSpec
from orchestrator.model.verdict import Judgement

PLAN, VALIDATE, REVIEW = "plan", "validate", "review"
"""The capabilities of the arms that the orchestrator calls by itself: planner, judge, guardian."""

SCREEN = "screen"
"""What a guardian holds beside REVIEW when its policy has something to say about what comes in."""


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What an arm is told of the task."""

    task_id: str
    spec: TaskSpec


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A capability that a plan may use."""

    name: str
    description: str
    cost_tier: int


@dataclass(frozen=True, kw_only=True)
class StepInput:
    """The output of an earlier step."""

    step_id: str
    name: str
    output: str


@dataclass(frozen=True, kw_only=True)
class StepProgress:
    """The work on a step goes on."""

    message: str
    fraction: float | None = None


class Direction(IntEnum):
    """Which way a text goes."""

    IN = 1
    OUT = 2


class ReviewAction(IntEnum):
    """The guardian's decision."""

    ALLOW = 1
    SANITIZE = 2
    BLOCK = 3


@dataclass(frozen=True, kw_only=True)
class Found:
    """Something that the guardian found in a text; offsets count characters."""

    category: str
    type: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Review:
    """What the guardian says of a text: `text` may pass, `found` is why."""

    action: ReviewAction
    text: str
    found: tuple[Found, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)


class ArmCalls(Protocol):
    """Calls of arms; each raises the OctoError that the arm raised, UnavailableError when it is away."""

    async def plan(
        self,
        instance: ArmInstance,
        *,
        brief: Brief,
        offers: Sequence[Offer],
        max_steps: int,
        feedback: str,
        bounds: Reservation,
    ) -> Plan:
        """A plan for the task that uses only what is offered."""
        ...

    def execute(
        self,
        instance: ArmInstance,
        *,
        brief: Brief,
        step: Step,
        inputs: Sequence[StepInput],
        bounds: Reservation,
        seconds: float,
    ) -> AsyncGenerator[StepProgress | StepResult]:
        """Do one step: progress, then exactly one result; closing it before ends the call."""
        ...

    async def judge(
        self,
        instance: ArmInstance,
        *,
        brief: Brief,
        output: str,
        inputs: Sequence[StepInput],
        citations: Sequence[Citation],
        bounds: Reservation,
    ) -> Judgement:
        """A verdict on every acceptance criterion."""
        ...

    async def review(
        self, instance: ArmInstance, *, brief: Brief, text: str, direction: Direction, pii: PiiPolicy
    ) -> Review:
        """Whether a text may come in, or leave."""
        ...
