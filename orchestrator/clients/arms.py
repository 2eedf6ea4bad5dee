"""Calls of arms over gRPC; one channel an endpoint, kept while the endpoint is in use."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import cast

import grpc
from google.protobuf.message import Message
from octollm.arms.v1 import (
    arm_pb2,
    arm_pb2_grpc,
    guardian_pb2,
    guardian_pb2_grpc,
    judge_pb2,
    judge_pb2_grpc,
    planner_pb2,
    planner_pb2_grpc,
)

from orchestrator.budget import Reservation
from orchestrator.calls import (
    PLAN,
    REVIEW,
    VALIDATE,
    Brief,
    Direction,
    Found,
    Offer,
    Review,
    ReviewAction,
    StepInput,
    StepProgress,
)
from orchestrator.clients import messages
from orchestrator.model.arm import ArmInstance
from orchestrator.model.output import Citation
from orchestrator.model.step import Plan, Step, StepResult
from orchestrator.model.task import PiiPolicy
from orchestrator.model.verdict import Judgement
from orchestrator.permits import Permit, Permits
from servicekit.capability.call import call_bytes, call_sha256, put_token
from servicekit.capability.claims import Bounds
from servicekit.channel import open_channel
from servicekit.context import remaining_seconds
from servicekit.errors import InternalError
from servicekit.internal_tokens import InternalTokens
from servicekit.tls import MutualTls

_MOST_CHANNELS = 64
_MESSAGE_CHARACTERS = 500


class GrpcArms:
    """The arms, reached where the register says that they listen.

    Args:
        seconds: how long a call may take when the caller's deadline leaves more.
        permits: signs the permission that every call carries.
        tokens: makes internal tokens; None while authentication is off.
        tls: secures the connections; None for plain ones.
    """

    def __init__(
        self,
        *,
        seconds: float,
        permits: Permits,
        tokens: InternalTokens | None = None,
        tls: MutualTls | None = None,
    ) -> None:
        self._seconds = seconds
        self._permits = permits
        self._tokens = tokens
        self._tls = tls
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def close(self) -> None:
        """Close every channel."""
        for endpoint in list(self._channels):
            await self._channels.pop(endpoint).close()

    async def plan(
        self,
        instance: ArmInstance,
        *,
        brief: Brief,
        offers: Sequence[Offer],
        max_steps: int,
        feedback: str,
        bounds: Reservation,
    ) -> Plan:
        """A plan for the task that uses only what is offered."""
        stub = planner_pb2_grpc.PlannerServiceStub(await self._channel(instance))
        request = planner_pb2.CreatePlanRequest(
            task=messages.brief_to(brief),
            capabilities=[
                planner_pb2.OfferedCapability(
                    name=offer.name, description=offer.description, cost_tier=offer.cost_tier
                )
                for offer in offers
            ],
            max_steps=max_steps,
            feedback=feedback,
            limits=messages.limits_to(bounds),
        )
        self._permit(request, instance, act=PLAN, brief=brief, bounds=bounds)
        return messages.plan_from(await stub.CreatePlan(request))

    async def execute(
        self,
        instance: ArmInstance,
        *,
        brief: Brief,
        step: Step,
        inputs: Sequence[StepInput],
        bounds: Reservation,
        seconds: float,
    ) -> AsyncGenerator[StepProgress | StepResult]:
        """Do one step: progress, then exactly one result; closing the iterator cancels the call."""
        stub = arm_pb2_grpc.ArmServiceStub(await self._channel(instance))
        request = _execute_request(brief=brief, step=step, inputs=inputs, bounds=bounds)
        self._permit(
            request, instance, act=request.capability, brief=brief, bounds=bounds, step=step, seconds=seconds
        )
        async with contextlib.aclosing(_stream(stub, request, seconds=seconds)) as stream:
            async for event in stream:
                yield event

    async def judge(
        self,
        instance: ArmInstance,
        *,
        brief: Brief,
        output: str,
        inputs: Sequence[StepInput],
        citations: Sequence[Citation],
        bounds: Reservation,
    ) -> Judgement:
        """A verdict on every acceptance criterion."""
        stub = judge_pb2_grpc.JudgeServiceStub(await self._channel(instance))
        request = judge_pb2.ValidateOutputRequest(
            task=messages.brief_to(brief),
            output=output,
            inputs=messages.inputs_to(inputs),
            citations=messages.citations_to(citations),
            limits=messages.limits_to(bounds),
        )
        self._permit(request, instance, act=VALIDATE, brief=brief, bounds=bounds)
        return messages.judgement_from(await stub.ValidateOutput(request))

    async def review(
        self, instance: ArmInstance, *, brief: Brief, text: str, direction: Direction, pii: PiiPolicy
    ) -> Review:
        """Whether a text may come in, or leave."""
        stub = guardian_pb2_grpc.GuardianServiceStub(await self._channel(instance))
        request = guardian_pb2.ReviewContentRequest(
            task=messages.brief_to(brief),
            text=text,
            direction=guardian_pb2.Direction.ValueType(direction),
            pii=guardian_pb2.PiiPolicy.ValueType(pii),
        )
        self._permit(request, instance, act=REVIEW, brief=brief)
        response = await stub.ReviewContent(request)
        if response.action == guardian_pb2.REVIEW_ACTION_UNSPECIFIED:
            raise InternalError("the guardian did not decide")
        return Review(
            action=ReviewAction(response.action),
            text=response.sanitized_text,
            found=tuple(
                Found(category=found.category, type=found.type, start=found.start, end=found.end)
                for found in response.findings
            ),
            provenance=messages.provenance_from(response.provenance),
        )

    def _permit(
        self,
        request: Message,
        instance: ArmInstance,
        *,
        act: str,
        brief: Brief,
        bounds: Reservation | None = None,
        step: Step | None = None,
        seconds: float | None = None,
    ) -> None:
        """Put the permission for exactly this call into a request that is complete but for it."""
        permit = Permit(
            audience=instance.instance_id,
            acts=(act,),
            call=call_sha256(call_bytes(request)),
            running=remaining_seconds(self._seconds if seconds is None else seconds),
            task_id=brief.task_id,
            step_id=step.step_id if step else "",
            attempt=max(step.attempts, 1) if step else 0,
            bounds=Bounds(max_tokens=bounds.tokens, max_cost_micros=bounds.cost_micros)
            if bounds
            else Bounds(),
        )
        put_token(request, self._permits.sign(permit).token)

    async def _channel(self, instance: ArmInstance) -> grpc.aio.Channel:
        endpoint = instance.description.endpoint
        channel = self._channels.pop(endpoint, None) or open_channel(
            endpoint,
            timeout=self._seconds,
            tokens=self._tokens,
            tls=self._tls,
            peer=instance.description.arm_id,
        )
        self._channels[endpoint] = channel  # the newest stands last
        if len(self._channels) > _MOST_CHANNELS:
            await self._channels.pop(next(iter(self._channels))).close()
        return channel


def _execute_request(
    *, brief: Brief, step: Step, inputs: Sequence[StepInput], bounds: Reservation
) -> arm_pb2.ExecuteRequest:
    return arm_pb2.ExecuteRequest(
        task=messages.brief_to(brief),
        step_id=step.step_id,
        attempt=max(step.attempts, 1),
        idempotency_key=f"{brief.task_id}/{step.step_id}",
        capability=step.plan.capability,
        instruction=step.plan.instruction,
        arguments_json=step.plan.arguments_json,
        inputs=messages.inputs_to(inputs),
        feedback=step.plan.feedback,
        limits=messages.limits_to(bounds),
    )


async def _stream(
    stub: arm_pb2_grpc.ArmServiceStub, request: arm_pb2.ExecuteRequest, *, seconds: float
) -> AsyncGenerator[StepProgress | StepResult]:
    call = stub.Execute(request, timeout=seconds)
    try:
        responses = cast("AsyncIterator[arm_pb2.ExecuteResponse]", call)  # the stub's type forgets it
        async for response in responses:
            if response.WhichOneof("event") == "result":
                yield messages.result_from(response.result)
                return
            progress = response.progress
            yield StepProgress(
                message=progress.message[:_MESSAGE_CHARACTERS],
                fraction=progress.fraction if progress.HasField("fraction") else None,
            )
        raise InternalError("the arm's stream ended without a result")
    finally:
        call.cancel()
