"""One step for any arm, a third party's included, on the gateway's port."""

from contextlib import aclosing
from typing import Annotated

from fastapi import Body, Request, Response
from octollm.arms.v1.arm_pb2_grpc import ArmServiceStub

from gateway.context import context_of
from gateway.convert.arm_work.step import step_result, to_step
from gateway.routes import arm_examples as examples
from gateway.routes.failures import OF_ARMS, failures
from gateway.routes.parameters import ArmInPath
from gateway.routes.routers import api_router
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import KIB, needs
from gateway.schemas.arm_work.step import StepRequest, StepResponse
from servicekit.errors import InternalError

router = api_router(tag="arms")

BODY = 2 * 1024 * KIB
"""Bytes of a request: arguments of 1 MiB, and what they go with."""


@router.post(
    "/arms/{arm_id}/execute",
    operation_id="execute_step",
    summary="Let an arm do one step",
    openapi_extra=needs("arm:invoke", body_limit=BODY),
    response_model=StepResponse,
    responses=told(200, "What the step made.", example=examples.STEP_RESULT) | failures(*OF_ARMS),
)
async def execute_step(
    request: Request,
    arm_id: ArmInPath,
    body: Annotated[StepRequest, Body(openapi_examples={"search": {"value": examples.STEP_REQUEST}})],
) -> Response:
    """Any registered arm does one step by one of its capabilities, a third party's arm too.

    The executor has a route of its own under this path, which takes actions.
    """
    arm = await context_of(request).calls.arm(arm_id, ArmServiceStub)
    events = arm.each(arm.stub.Execute, to_step(body), act=body.capability)
    async with aclosing(events):
        async for event in events:
            if event.HasField("result"):
                return json_answer(step_result(event.result))
    raise InternalError("the arm ended without a result", reason="ARM_ANSWER_MALFORMED")
