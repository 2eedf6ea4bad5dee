"""The guardian's route."""

from typing import Annotated

from fastapi import Body, Request, Response
from octollm.arms.v1.guardian_pb2_grpc import GuardianServiceStub

from gateway.context import context_of
from gateway.convert.arm_work.guardian import review, to_review
from gateway.routes import arm_examples as examples
from gateway.routes.arm_work.arm_routes import ArmRoutes
from gateway.routes.failures import OF_ARMS, failures
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import KIB, needs
from gateway.schemas.arm_work.guardian import ReviewRequest, ReviewResponse

routes = ArmRoutes("guardian")

BODY = 1280 * KIB
"""Bytes of a request: a text of 1 MiB, and what JSON adds."""


@routes.post(
    "/check",
    operation_id="review_content",
    summary="Decide whether a text may pass",
    openapi_extra=needs("arm:invoke", body_limit=BODY),
    response_model=ReviewResponse,
    responses=told(200, "The decision.", example=examples.REVIEW) | failures(*OF_ARMS),
)
async def review_content(
    request: Request,
    body: Annotated[ReviewRequest, Body(openapi_examples={"answer": {"value": examples.REVIEW_REQUEST}})],
) -> Response:
    """Reflex and policy on one text: it passes, passes redacted, or is blocked."""
    guardian = await context_of(request).calls.arm("guardian", GuardianServiceStub)
    made = await guardian.one(guardian.stub.ReviewContent, to_review(body), act="review")
    return json_answer(review(made))
