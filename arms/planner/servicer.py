"""PlannerService: proto in, call, proto out."""

from typing import Any

import grpc
import orjson
from octollm.arms.v1 import planner_pb2, planner_pb2_grpc

from arms import convert
from arms.calls import Calls
from arms.planner.plan import Offer, PlannedStep, PlanRequest
from arms.planner.planner import Planner
from servicekit.capability.call import call_bytes
from servicekit.context import set_task_id

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = planner_pb2.DESCRIPTOR.services_by_name["PlannerService"].full_name


class PlannerServicer(planner_pb2_grpc.PlannerServiceServicer):
    """Serves the planner."""

    def __init__(self, *, calls: Calls, planner: Planner) -> None:
        self._calls = calls
        self._planner = planner

    async def CreatePlan(  # gRPC's name
        self, request: planner_pb2.CreatePlanRequest, context: Context
    ) -> planner_pb2.CreatePlanResponse:
        """Steps with dependencies that only use the offered capabilities."""
        del context
        set_task_id(request.task.task_id)
        async with self._calls.begin(
            act="plan",
            token=request.capability_token,
            call=call_bytes(request),
            limits=convert.limits_from(request.limits),
        ) as record:
            plan = await self._planner.plan(_request_from(request), model=record.session)
            provenance = record.close(confidence=plan.confidence, method=plan.method)
        return planner_pb2.CreatePlanResponse(
            steps=[_step_to(step) for step in plan.steps],
            rationale=plan.rationale,
            provenance=convert.provenance_to(provenance),
        )


def _request_from(request: planner_pb2.CreatePlanRequest) -> PlanRequest:
    return PlanRequest(
        brief=convert.brief_from(request.task),
        offers=tuple(
            Offer(name=offer.name, description=offer.description, cost_tier=offer.cost_tier)
            for offer in request.capabilities
        ),
        max_steps=request.max_steps,
        feedback=request.feedback,
    )


def _step_to(step: PlannedStep) -> planner_pb2.PlannedStep:
    return planner_pb2.PlannedStep(
        step_id=step.step_id,
        name=step.name,
        capability=step.capability,
        instruction=step.instruction,
        depends_on=step.depends_on,
        arguments_json=orjson.dumps(step.arguments).decode() if step.arguments is not None else "",
        estimated_tokens=step.estimated_tokens,
        estimated_seconds=step.estimated_seconds,
    )
