"""The judge's work."""

from typing import Any

from octollm.arms.v1 import judge_pb2 as pb

from gateway.convert.arm_work.common import to_brief, to_citations, to_inputs, to_limits, worked
from gateway.schemas.arm_work.judge import ValidateRequest


def to_validate(request: ValidateRequest) -> pb.ValidateOutputRequest:
    """An output to judge, as the judge takes it."""
    return pb.ValidateOutputRequest(
        task=to_brief(request.task),
        output=request.output,
        inputs=to_inputs(request.inputs),
        citations=to_citations(request.citations),
        limits=to_limits(request.limits),
    )


def judgement(it: pb.ValidateOutputResponse) -> dict[str, Any]:
    """The judgement; see `gateway.schemas.arm_work.judge.ValidateResponse`."""
    return {
        "verdicts": [
            {
                "criterion": verdict.criterion,
                "passed": verdict.passed,
                "evidence": verdict.evidence,
                "confidence": verdict.confidence,
                "method": verdict.method or "undecided",
            }
            for verdict in it.verdicts
        ],
        "passed": it.passed,
        "confidence": it.confidence,
        "feedback": it.feedback or None,
        **worked(it.provenance),
    }
