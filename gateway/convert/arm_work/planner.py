"""The planner's work."""

from collections.abc import Iterable, Sequence
from typing import Any

from octollm.arms.v1 import planner_pb2 as pb
from octollm.orchestrator.v1 import arm_registry_pb2

from gateway.convert.arm_work.common import to_brief, to_limits, worked
from gateway.convert.values import checked_json
from gateway.schemas.arm_work.planner import OfferedCapability, PlanRequest

NOT_STEPS = frozenset({"plan", "validate", "review", "screen"})
"""What the platform itself asks arms for; no step of a plan does."""

MOST_OFFERS = 100


def to_plan(request: PlanRequest, *, offers: Sequence[pb.OfferedCapability]) -> pb.CreatePlanRequest:
    """A goal to plan for, as the planner takes it.

    Args:
        request: what the caller asks for.
        offers: what the plan may use.
    """
    return pb.CreatePlanRequest(
        task=to_brief(request.task),
        capabilities=offers,
        max_steps=request.max_steps,
        feedback=request.feedback,
        limits=to_limits(request.limits),
    )


def to_offers(capabilities: Sequence[OfferedCapability]) -> list[pb.OfferedCapability]:
    """What the caller says that the plan may use."""
    return [
        pb.OfferedCapability(name=it.name, description=it.description, cost_tier=it.cost_tier)
        for it in capabilities
    ]


def offered_by(arms: Iterable[arm_registry_pb2.Arm]) -> list[pb.OfferedCapability]:
    """What arms that can be used hold; of several that hold the same, the cheapest counts."""
    found: dict[str, pb.OfferedCapability] = {}
    for arm in arms:
        if arm.status == arm_registry_pb2.ARM_STATUS_UNAVAILABLE:
            continue
        tier = arm.description.cost_tier
        for it in arm.description.capabilities:
            if it.name in NOT_STEPS or (it.name in found and found[it.name].cost_tier <= tier):
                continue
            found[it.name] = pb.OfferedCapability(name=it.name, description=it.description, cost_tier=tier)
    return list(found.values())[:MOST_OFFERS]


def plan(it: pb.CreatePlanResponse) -> dict[str, Any]:
    """A plan; see `gateway.schemas.arm_work.planner.PlanResponse`."""
    return {
        "steps": [
            {
                "step_id": step.step_id,
                "name": step.name,
                "capability": step.capability,
                "instruction": step.instruction,
                "depends_on": list(step.depends_on),
                "arguments": checked_json(step.arguments_json),
                "estimated_tokens": step.estimated_tokens,
                "estimated_seconds": step.estimated_seconds,
            }
            for step in it.steps
        ],
        "rationale": it.rationale,
        **worked(it.provenance),
    }
