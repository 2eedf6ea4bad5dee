"""The judge's route."""

from typing import Annotated

from fastapi import Body, Request, Response
from octollm.arms.v1.judge_pb2_grpc import JudgeServiceStub

from gateway.context import context_of
from gateway.convert.arm_work.judge import judgement, to_validate
from gateway.routes import arm_examples as examples
from gateway.routes.arm_work.arm_routes import ArmRoutes
from gateway.routes.failures import OF_ARMS, failures
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import KIB, needs
from gateway.schemas.arm_work.judge import ValidateRequest, ValidateResponse

routes = ArmRoutes("judge")

BODY = 2 * 1024 * KIB
"""Bytes of a request: an output of 1 MiB, and what it was made from."""


@routes.post(
    "/validate",
    operation_id="validate_output",
    summary="Judge an output by its criteria",
    openapi_extra=needs("arm:invoke", body_limit=BODY),
    response_model=ValidateResponse,
    responses=told(200, "The judgement.", example=examples.JUDGEMENT) | failures(*OF_ARMS),
)
async def validate_output(
    request: Request,
    body: Annotated[
        ValidateRequest, Body(openapi_examples={"summary": {"value": examples.VALIDATE_REQUEST}})
    ],
) -> Response:
    """A verdict with evidence for every criterion; rules decide what they can, the model the rest."""
    judge = await context_of(request).calls.arm("judge", JudgeServiceStub)
    made = await judge.one(judge.stub.ValidateOutput, to_validate(body), act="validate")
    return json_answer(judgement(made))
