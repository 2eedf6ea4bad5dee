"""The planner: a goal becomes a graph of steps."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from gateway.schemas.arm_work.common import CapabilityName, Feedback, Limits, TaskBrief, Worked
from gateway.schemas.base import Sent, Told


class OfferedCapability(Sent):
    """Something that a plan may use."""

    name: CapabilityName
    description: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="One sentence of what it does."
    )
    cost_tier: int = Field(
        default=1, ge=0, le=5, description="The least cost tier among the arms that hold it."
    )


class PlanRequest(Sent):
    """A goal to plan for."""

    task: TaskBrief = Field(description="The task; its goal is what is planned.")
    capabilities: Annotated[list[OfferedCapability], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="What may be used; what the registered arms offer when left out."
    )
    max_steps: int = Field(default=20, ge=1, le=20, description="The most steps that the plan may have.")
    feedback: Feedback = Field(
        default="", description="Why an earlier plan failed, or what the judge missed."
    )
    limits: Limits = Field(default_factory=Limits)


class PlannedStep(Told):
    """One node of a plan."""

    step_id: str
    name: str
    capability: str
    instruction: str
    depends_on: list[str] = Field(description="Steps of the plan whose outputs it needs.")
    arguments: Any = Field(description="Arguments by the capability's input schema; null for none.")
    estimated_tokens: int
    estimated_seconds: float


class PlanResponse(Worked):
    """A plan: every step stands after those it depends on."""

    steps: list[PlannedStep]
    rationale: str
