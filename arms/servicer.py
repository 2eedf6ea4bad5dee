"""ArmService for any arm: proto in, call, proto out."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc
from pydantic import BaseModel

from arms import convert
from arms.arguments import arguments_from
from arms.arm import Arm, Capability
from arms.calls import Calls, Finished
from arms.step import Step
from servicekit.capability.call import call_bytes
from servicekit.context import set_task_id
from servicekit.errors import NotFoundError, ValidationFailedError

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = arm_pb2.DESCRIPTOR.services_by_name["ArmService"].full_name
"""ArmService's full name."""


class ArmServicer(arm_pb2_grpc.ArmServiceServicer):
    """Serves one arm."""

    def __init__(self, *, calls: Calls) -> None:
        self._calls = calls
        self._arm: Arm = calls.arm

    async def GetCapabilities(  # gRPC's name
        self, request: arm_pb2.GetCapabilitiesRequest, context: Context
    ) -> arm_pb2.GetCapabilitiesResponse:
        """What the arm says of itself."""
        del request, context
        return convert.description_to(self._arm, instance_id=self._calls.instance_id)

    async def Execute(  # gRPC's name
        self, request: arm_pb2.ExecuteRequest, context: Context
    ) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        """Do one step: progress, then one result."""
        del context
        set_task_id(request.task.task_id)
        step = step_from(request, capability=_capability(self._arm, name=request.capability))
        async with (
            self._calls.begin(
                act=request.capability,
                token=request.capability_token,
                call=call_bytes(request),
                limits=step.limits,
            ) as record,
            contextlib.aclosing(self._calls.execute(step, record=record)) as events,
        ):
            async for event in events:
                if isinstance(event, Finished):
                    yield convert.result_to(event.result, provenance=event.provenance)
                else:
                    yield convert.progress_to(event)


def add_arm_service(calls: Calls, server: grpc.aio.Server) -> None:
    """Add ArmService for the arm of these calls to a server."""
    arm_pb2_grpc.add_ArmServiceServicer_to_server(ArmServicer(calls=calls), server)


def step_from(request: arm_pb2.ExecuteRequest, *, capability: Capability) -> Step:
    """The step of a request.

    Raises:
        ValidationFailedError: the arguments are not what the capability takes.
    """
    return Step(
        brief=convert.brief_from(request.task),
        step_id=request.step_id,
        attempt=request.attempt,
        idempotency_key=request.idempotency_key,
        capability=request.capability,
        instruction=request.instruction,
        arguments=_arguments(request.arguments_json, capability=capability),
        inputs=convert.inputs_from(request.inputs),
        feedback=request.feedback,
        limits=convert.limits_from(request.limits),
    )


def _capability(arm: Arm, *, name: str) -> Capability:
    capability = arm.capability(name)
    if capability is None:
        raise NotFoundError(f"the arm {arm.arm_id} has no capability {name}", field="capability")
    return capability


def _arguments(text: str, *, capability: Capability) -> BaseModel | dict[str, Any] | None:
    """The arguments that are given; None when there are none though some are needed: they can be written."""
    try:
        return arguments_from(text, capability=capability)
    except ValidationFailedError:
        if text:
            raise
        return None
