"""One step of any arm."""

from typing import Any
from uuid import uuid4

from octollm.arms.v1 import arm_pb2 as pb

from gateway.convert.arm_work.common import to_brief, to_inputs, to_json, to_limits, worked
from gateway.convert.tasks import artifact, citation
from gateway.convert.values import checked_json
from gateway.schemas.arm_work.step import ARGUMENTS_BYTES, StepRequest

DIRECT = "direct"
"""The step of a call that belongs to no task."""


def to_step(request: StepRequest) -> pb.ExecuteRequest:
    """One step, as any arm takes it."""
    return pb.ExecuteRequest(
        task=to_brief(request.task),
        step_id=DIRECT,
        attempt=1,
        idempotency_key=uuid4().hex,
        capability=request.capability,
        instruction=request.instruction,
        arguments_json=to_json(request.arguments, field="arguments", most=ARGUMENTS_BYTES),
        inputs=to_inputs(request.inputs),
        feedback=request.feedback,
        limits=to_limits(request.limits),
    )


def step_result(it: pb.ExecuteResult) -> dict[str, Any]:
    """What the step made; see `gateway.schemas.arm_work.step.StepResponse`."""
    return {
        "output": it.output,
        "value": checked_json(it.output_json),
        "confidence": it.confidence,
        "citations": [citation(each) for each in it.citations],
        "artifacts": [artifact(each) for each in it.artifacts],
        **worked(it.provenance),
    }
