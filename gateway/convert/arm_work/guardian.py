"""The guardian's work."""

from typing import Any

from octollm.arms.v1 import guardian_pb2 as pb

from gateway.convert.arm_work.common import to_brief, worked
from gateway.convert.values import names, numbers
from gateway.schemas.arm_work.guardian import ReviewRequest

_DIRECTION_NUMBER: Any = numbers(pb.Direction.DESCRIPTOR, prefix="DIRECTION_")
_PII_NUMBER: Any = numbers(pb.PiiPolicy.DESCRIPTOR, prefix="PII_POLICY_")
_ACTION = names(pb.ReviewAction.DESCRIPTOR, prefix="REVIEW_ACTION_")


def to_review(request: ReviewRequest) -> pb.ReviewContentRequest:
    """A text to review, as the guardian takes it."""
    return pb.ReviewContentRequest(
        task=to_brief(request.task),
        text=request.text,
        direction=_DIRECTION_NUMBER[request.direction],
        pii=_PII_NUMBER[request.pii],
    )


def review(it: pb.ReviewContentResponse) -> dict[str, Any]:
    """The decision; see `gateway.schemas.arm_work.guardian.ReviewResponse`."""
    blocked = it.action == pb.REVIEW_ACTION_BLOCK
    return {
        "action": _ACTION[it.action],
        "findings": [
            {
                "category": found.category,
                "type": found.type,
                "severity": found.severity,
                "start": found.start,
                "end": found.end,
                "reason": found.reason,
            }
            for found in it.findings
        ],
        "sanitized_text": None if blocked else it.sanitized_text,
        **worked(it.provenance),
    }
