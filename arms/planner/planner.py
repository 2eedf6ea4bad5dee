"""The planner as an arm: plans for whoever asks through the common door."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from pydantic import BaseModel, Field

from arms.arm import Arm, Capability, Emit, ModelNeed
from arms.embedding import open_embedder
from arms.model.session import ModelSession
from arms.planner.nearest import Nearest
from arms.planner.plan import MOST_STEPS, Offer, Plan, PlannedStep, PlanRequest
from arms.planner.planning import make_plan
from arms.step import Result, Step


class OfferArgument(BaseModel):
    """A capability that the plan may use."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    description: str = Field(default="", max_length=1000)


class PlanArguments(BaseModel):
    """Arguments of "plan"."""

    capabilities: list[OfferArgument] = Field(
        default=[
            OfferArgument(name="text_generation", description="Writes prose from given material."),
            OfferArgument(name="code_generation", description="Writes, mends, tests and explains code."),
        ],
        min_length=1,
        max_length=100,
    )
    max_steps: int = Field(default=MOST_STEPS, ge=1, le=MOST_STEPS)


class StepOutput(BaseModel):
    """One step of a plan."""

    step_id: str
    name: str
    capability: str
    instruction: str
    depends_on: list[str]


class PlanOutput(BaseModel):
    """Output of "plan"."""

    steps: list[StepOutput]
    rationale: str


class Planner(Arm):
    """Turns goals into plans."""

    arm_id = "planner"
    name = "Planner"
    description = "Turns a goal into a graph of steps that use only offered capabilities."
    cost_tier = 2
    max_concurrency = 16
    model_need = ModelNeed.HELPS
    capabilities = (
        Capability(
            name="plan",
            description="Turns a goal into steps with dependencies.",
            arguments=PlanArguments,
            output=PlanOutput,
        ),
    )

    def __init__(self) -> None:
        self._nearest: Nearest | None = None

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Hold the examples' embedder; it is loaded when the first goal needs it."""
        async with open_embedder("wordllama") as embedder:
            self._nearest = Nearest(embedder=embedder)
            yield

    async def plan(self, request: PlanRequest, *, model: ModelSession) -> Plan:
        """Make a plan.

        Raises:
            OctoError: as `make_plan`.
        """
        return await make_plan(request, model=model, nearest=self._nearest)

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        """Plan the task's goal."""
        del emit
        arguments = step.arguments if isinstance(step.arguments, PlanArguments) else PlanArguments()
        plan = await self.plan(
            PlanRequest(
                brief=step.brief,
                offers=tuple(
                    Offer(name=offer.name, description=offer.description) for offer in arguments.capabilities
                ),
                max_steps=arguments.max_steps,
                feedback=step.feedback,
            ),
            model=model,
        )
        return _result_of(plan)


def _result_of(plan: Plan) -> Result:
    lines = [f"{step.step_id} ({step.capability}): {step.name}" for step in plan.steps]
    return Result(
        output="\n".join(lines),
        value=PlanOutput(steps=[_output_of(step) for step in plan.steps], rationale=plan.rationale),
        confidence=plan.confidence,
        method=plan.method,
    )


def _output_of(step: PlannedStep) -> StepOutput:
    return StepOutput(
        step_id=step.step_id,
        name=step.name,
        capability=step.capability,
        instruction=step.instruction,
        depends_on=list(step.depends_on),
    )
