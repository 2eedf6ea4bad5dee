"""The reflex over gRPC."""

import grpc
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from arms.guardian.review import Action, Checked, Finding, Pii

_BATCH_TEXTS = 8
"""Pieces of at most 90,000 characters: together they stay under the size of a message."""

_PII = {
    Pii.REDACT: reflex_pb2.PII_POLICY_REDACT,
    Pii.ALLOW: reflex_pb2.PII_POLICY_ALLOW,
    Pii.BLOCK: reflex_pb2.PII_POLICY_BLOCK,
}
_CATEGORIES = {
    reflex_pb2.CATEGORY_PII: "pii",
    reflex_pb2.CATEGORY_SECRET: "secret",
    reflex_pb2.CATEGORY_INJECTION: "injection",
}
_SEVERITIES = {
    reflex_pb2.SEVERITY_LOW: "low",
    reflex_pb2.SEVERITY_MEDIUM: "medium",
    reflex_pb2.SEVERITY_HIGH: "high",
    reflex_pb2.SEVERITY_CRITICAL: "critical",
}


class GrpcReflex:
    """Checks texts."""

    def __init__(self, *, channel: grpc.aio.Channel) -> None:
        self._stub = reflex_pb2_grpc.ReflexServiceStub(channel)

    async def check(self, texts: list[str], *, pii: Pii, injection: bool) -> list[Checked]:
        """A decision on every text, in their order."""
        options = reflex_pb2.CheckOptions(cache=False, injection=injection, pii_policy=_PII[pii])
        checked: list[Checked] = []
        for start in range(0, len(texts), _BATCH_TEXTS):
            batch = texts[start : start + _BATCH_TEXTS]
            response = await self._stub.CheckBatch(reflex_pb2.CheckBatchRequest(texts=batch, options=options))
            checked += [
                _checked(result, text=text) for result, text in zip(response.results, batch, strict=True)
            ]
        return checked

    async def answers(self) -> None:
        """Return when the reflex answers.

        Raises:
            OctoError: it does not.
        """
        await self._stub.GetStats(reflex_pb2.GetStatsRequest(), timeout=2.0)


def _checked(result: reflex_pb2.CheckResponse, *, text: str) -> Checked:
    findings = tuple(_finding(found) for found in result.findings)
    if result.action == reflex_pb2.ACTION_ALLOW:
        return Checked(action=Action.ALLOW, findings=findings, text=text)
    if result.action == reflex_pb2.ACTION_SANITIZE:
        return Checked(action=Action.SANITIZE, findings=findings, text=result.sanitized_text)
    # Whatever else it may say one day: what is not allowed does not pass.
    return Checked(action=Action.BLOCK, findings=findings, text="")


def _finding(found: reflex_pb2.Finding) -> Finding:
    return Finding(
        category=_CATEGORIES.get(found.category, "policy"),
        type=found.type,
        severity=_SEVERITIES.get(found.severity, "high"),
        start=found.start,
        end=found.end,
        reason=found.reason,
    )
