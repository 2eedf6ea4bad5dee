"""The coder's route."""

from typing import Annotated

from fastapi import Body, Request, Response
from octollm.arms.v1.coder_pb2_grpc import CoderServiceStub

from gateway.context import context_of
from gateway.convert.arm_work.coder import code, to_code
from gateway.routes import arm_examples as examples
from gateway.routes.arm_work.arm_routes import ArmRoutes
from gateway.routes.failures import OF_ARMS, failures
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import needs
from gateway.schemas.arm_work.coder import CodeRequest, CodeResponse

routes = ArmRoutes("coder")


@routes.post(
    "/code",
    operation_id="write_code",
    summary="Write, mend, restructure, test or explain code",
    openapi_extra=needs("arm:invoke"),
    response_model=CodeResponse,
    responses=told(200, "The code, and what was run to check it.", example=examples.CODE)
    | failures(*OF_ARMS),
)
async def write_code(
    request: Request,
    body: Annotated[CodeRequest, Body(openapi_examples={"function": {"value": examples.CODE_REQUEST}})],
) -> Response:
    """Works on code with the language model; what it writes is run with its tests where that is possible."""
    coder = await context_of(request).calls.arm("coder", CoderServiceStub)
    made = await coder.one(coder.stub.WriteCode, to_code(body), act="code_generation")
    return json_answer(code(made))
