"""The coder's work."""

from typing import Any

from octollm.arms.v1 import coder_pb2 as pb

from gateway.convert.arm_work.common import to_brief, to_inputs, to_limits, worked
from gateway.convert.values import numbers
from gateway.schemas.arm_work.coder import CodeRequest

_ACTION_NUMBER: Any = numbers(pb.CodeAction.DESCRIPTOR, prefix="CODE_ACTION_")


def to_code(request: CodeRequest) -> pb.WriteCodeRequest:
    """A piece of coding work, as the coder takes it."""
    return pb.WriteCodeRequest(
        task=to_brief(request.task),
        action=_ACTION_NUMBER[request.action],
        instruction=request.instruction,
        language=request.language,
        code=request.code,
        failure=request.failure,
        tests=request.tests,
        skip_run=request.skip_run,
        feedback=request.feedback,
        inputs=to_inputs(request.inputs),
        limits=to_limits(request.limits),
    )


def code(it: pb.WriteCodeResponse) -> dict[str, Any]:
    """The code; see `gateway.schemas.arm_work.coder.CodeResponse`."""
    return {
        "code": it.code,
        "language": it.language,
        "explanation": it.explanation,
        "verification": it.verification or None,
        "verified": it.verified if it.HasField("verified") else None,
        "tests": it.tests or None,
        "tests_by": it.tests_by or None,
        "failure": it.failure or None,
        **worked(it.provenance),
    }
