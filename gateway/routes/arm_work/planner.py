"""The planner's route."""

from typing import Annotated

from fastapi import Body, Request, Response
from octollm.arms.v1.planner_pb2_grpc import PlannerServiceStub

from gateway.context import context_of
from gateway.convert.arm_work.planner import offered_by, plan, to_offers, to_plan
from gateway.routes import arm_examples as examples
from gateway.routes.arm_work.arm_routes import ArmRoutes
from gateway.routes.failures import OF_ARMS, failures
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import needs
from gateway.schemas.arm_work.planner import PlanRequest, PlanResponse

routes = ArmRoutes("planner")


@routes.post(
    "/plan",
    operation_id="create_plan",
    summary="Plan a goal",
    openapi_extra=needs("arm:invoke"),
    response_model=PlanResponse,
    responses=told(200, "The plan.", example=examples.PLAN) | failures(*OF_ARMS),
)
async def create_plan(
    request: Request,
    body: Annotated[PlanRequest, Body(openapi_examples={"report": {"value": examples.PLAN_REQUEST}})],
) -> Response:
    """Steps with dependencies that only use what is offered; nothing is carried out."""
    context = context_of(request)
    if body.capabilities is None:
        offers = offered_by(await context.directory.registered())
    else:
        offers = to_offers(body.capabilities)
    planner = await context.calls.arm("planner", PlannerServiceStub)
    made = await planner.one(planner.stub.CreatePlan, to_plan(body, offers=offers), act="plan")
    return json_answer(plan(made))
