"""Plans: what they are made of, and the rules that hold for every one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from arms.step import Brief
from servicekit.errors import ConflictError

MOST_STEPS = 20
"""Steps that any plan may have."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A capability that a plan may use."""

    name: str
    description: str
    cost_tier: int = 1


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """What is to be planned.

    Attributes:
        brief: the task.
        offers: what may be used.
        max_steps: the most steps.
        feedback: why an earlier plan failed or what the judge missed; empty on the first round.
    """

    brief: Brief
    offers: tuple[Offer, ...]
    max_steps: int = MOST_STEPS
    feedback: str = ""

    def offers_capability(self, name: str) -> bool:
        """Whether a plan may use it."""
        return any(offer.name == name for offer in self.offers)


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """One node of a plan.

    Attributes:
        step_id: unique within the plan.
        name: what it does, for people.
        capability: what an arm must hold to do it.
        instruction: what to do, in words for the arm.
        depends_on: steps whose outputs it needs.
        arguments: by the capability's input schema; None for none.
        estimated_tokens: a guess of the tokens that it will use.
        estimated_seconds: a guess of how long it takes on the local model.
    """

    step_id: str
    name: str
    capability: str
    instruction: str
    depends_on: tuple[str, ...] = ()
    arguments: dict[str, Any] | None = None
    estimated_tokens: int = 0
    estimated_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan: steps in an order in which they can run, why these, how found ("rule" or "model"), how sure."""

    steps: tuple[PlannedStep, ...]
    rationale: str
    method: str
    confidence: float


def invalid(message: str) -> ConflictError:
    """The error for a plan that breaks a rule."""
    return ConflictError(message, reason="PLAN_INVALID")


def in_order(steps: Sequence[PlannedStep], *, request: PlanRequest) -> tuple[PlannedStep, ...]:
    """Return the steps, each after those it depends on.

    Raises:
        ConflictError: reason PLAN_INVALID; the text names the rule that is broken.
    """
    most = min(request.max_steps, MOST_STEPS)
    if not 1 <= len(steps) <= most:
        raise invalid(f"the plan has {len(steps)} steps; 1 to {most} are allowed")
    known = {step.step_id for step in steps}
    if len(known) != len(steps):
        raise invalid("two steps of the plan have the same id")
    for step in steps:
        if not request.offers_capability(step.capability):
            raise invalid(f"step {step.step_id} needs {step.capability}, which is not offered")
        for needed in step.depends_on:
            if needed not in known:
                raise invalid(f"step {step.step_id} depends on {needed}, which is not in the plan")
    return _sorted(steps)


def _sorted(steps: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    waiting, ordered = list(steps), list[PlannedStep]()
    while waiting:
        done = {step.step_id for step in ordered}
        free = [step for step in waiting if done.issuperset(step.depends_on)]
        if not free:
            raise invalid("the steps of the plan depend on each other in a circle")
        ordered += free
        waiting = [step for step in waiting if step not in free]
    return tuple(ordered)
