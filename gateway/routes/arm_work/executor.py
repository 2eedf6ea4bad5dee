"""The executor's route."""

from contextlib import aclosing
from typing import Annotated

from fastapi import Body, Request, Response
from octollm.arms.v1.executor_pb2_grpc import ExecutorServiceStub

from gateway.context import context_of
from gateway.convert.arm_work.executor import act_of, outcome, to_action
from gateway.routes import arm_examples as examples
from gateway.routes.arm_work.arm_routes import ArmRoutes
from gateway.routes.failures import OF_ARMS, failures
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import KIB, needs
from gateway.schemas.arm_work.executor import ExecuteRequest, ExecuteResponse
from servicekit.errors import InternalError

routes = ArmRoutes("executor")

BODY = 8 * 1024 * KIB
"""Bytes of a request: files come along."""

_MARGIN = 15.0
"""Seconds that a call may take beyond the action itself: to wait for a place, to start and to end."""


@routes.post(
    "/execute",
    operation_id="run_action",
    summary="Run a program, a command or a request in the sandbox",
    openapi_extra=needs("sandbox:execute", body_limit=BODY),
    response_model=ExecuteResponse,
    responses=told(200, "How it ended, whatever its exit status.", example=examples.OUTCOME)
    | failures(*OF_ARMS),
)
async def run_action(
    request: Request,
    body: Annotated[ExecuteRequest, Body(openapi_examples={"python": {"value": examples.EXECUTE_REQUEST}})],
) -> Response:
    """Runs one action and answers when it has ended; a client that leaves ends it."""
    action = to_action(body)
    executor = await context_of(request).calls.arm("executor", ExecutorServiceStub)
    events = executor.each(
        executor.stub.RunAction, action, act=act_of(action), seconds=body.timeout_seconds + _MARGIN
    )
    written = {"stdout": bytearray(), "stderr": bytearray()}
    async with aclosing(events):
        async for event in events:
            if event.HasField("outcome"):
                return json_answer(
                    outcome(event.outcome, stdout=bytes(written["stdout"]), stderr=bytes(written["stderr"]))
                )
            written["stderr" if event.chunk.stream == "stderr" else "stdout"] += event.chunk.data
    raise InternalError("the executor ended without an outcome", reason="ARM_ANSWER_MALFORMED")
