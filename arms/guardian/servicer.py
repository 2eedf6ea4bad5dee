"""GuardianService: proto in, call, proto out."""

from typing import Any

import grpc
from octollm.arms.v1 import guardian_pb2, guardian_pb2_grpc

from arms import convert
from arms.calls import Calls
from arms.guardian.review import Action, Direction, Finding, Pii, ReviewRequest
from arms.guardian.reviewing import Reviewer
from arms.model.usage import CallLimits
from servicekit.capability.call import call_bytes
from servicekit.context import set_task_id
from servicekit.principal import current_principal

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = guardian_pb2.DESCRIPTOR.services_by_name["GuardianService"].full_name

_DIRECTIONS = {guardian_pb2.DIRECTION_IN: Direction.IN, guardian_pb2.DIRECTION_OUT: Direction.OUT}
_PII = {
    guardian_pb2.PII_POLICY_UNSPECIFIED: Pii.REDACT,
    guardian_pb2.PII_POLICY_REDACT: Pii.REDACT,
    guardian_pb2.PII_POLICY_ALLOW: Pii.ALLOW,
    guardian_pb2.PII_POLICY_BLOCK: Pii.BLOCK,
}
_ACTIONS = {
    Action.ALLOW: guardian_pb2.REVIEW_ACTION_ALLOW,
    Action.SANITIZE: guardian_pb2.REVIEW_ACTION_SANITIZE,
    Action.BLOCK: guardian_pb2.REVIEW_ACTION_BLOCK,
}


class GuardianServicer(guardian_pb2_grpc.GuardianServiceServicer):
    """Serves the guardian."""

    def __init__(self, *, calls: Calls, reviewer: Reviewer) -> None:
        self._calls = calls
        self._reviewer = reviewer

    async def ReviewContent(  # gRPC's name
        self, request: guardian_pb2.ReviewContentRequest, context: Context
    ) -> guardian_pb2.ReviewContentResponse:
        """Decide on one text."""
        del context
        set_task_id(request.task.task_id)
        wanted = ReviewRequest(
            text=request.text,
            direction=_DIRECTIONS[request.direction],
            pii=_PII[request.pii],
            brief=convert.brief_from(request.task),
            tenant=current_principal().tenant,
        )
        async with self._calls.begin(
            act="review", token=request.capability_token, call=call_bytes(request), limits=CallLimits()
        ) as record:
            checked = await self._reviewer.review(wanted)
            provenance = record.close(confidence=1.0, method="rule")
        return guardian_pb2.ReviewContentResponse(
            action=_ACTIONS[checked.action],
            findings=[_finding_to(found) for found in checked.findings],
            sanitized_text=checked.text,
            provenance=convert.provenance_to(provenance),
        )


def _finding_to(found: Finding) -> guardian_pb2.ReviewFinding:
    return guardian_pb2.ReviewFinding(
        category=found.category,
        type=found.type,
        severity=found.severity,
        start=found.start,
        end=found.end,
        reason=found.reason,
    )
