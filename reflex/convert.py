"""What the reflex is asked and answers, between proto and its own types."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from octollm.reflex.v1 import reflex_pb2

from reflex.check import Checked, Options
from reflex.detect import Wanted
from reflex.findings import Category, Finding, Severity
from reflex.policy import Handling
from reflex.redact import Redaction
from reflex.verdict import Action

_ACTIONS = {
    Action.ALLOW: reflex_pb2.ACTION_ALLOW,
    Action.SANITIZE: reflex_pb2.ACTION_SANITIZE,
    Action.BLOCK: reflex_pb2.ACTION_BLOCK,
}
_CATEGORIES = {
    Category.PII: reflex_pb2.CATEGORY_PII,
    Category.SECRET: reflex_pb2.CATEGORY_SECRET,
    Category.INJECTION: reflex_pb2.CATEGORY_INJECTION,
}
_SEVERITIES = {
    Severity.LOW: reflex_pb2.SEVERITY_LOW,
    Severity.MEDIUM: reflex_pb2.SEVERITY_MEDIUM,
    Severity.HIGH: reflex_pb2.SEVERITY_HIGH,
    Severity.CRITICAL: reflex_pb2.SEVERITY_CRITICAL,
}
_REDACTIONS = {
    reflex_pb2.REDACTION_UNSPECIFIED: Redaction.MASK,
    reflex_pb2.REDACTION_MASK: Redaction.MASK,
    reflex_pb2.REDACTION_PARTIAL: Redaction.PARTIAL,
    reflex_pb2.REDACTION_HASH: Redaction.HASH,
    reflex_pb2.REDACTION_REMOVE: Redaction.REMOVE,
    reflex_pb2.REDACTION_TOKEN: Redaction.TOKEN,
}
_HANDLINGS = {
    reflex_pb2.PII_POLICY_UNSPECIFIED: None,
    reflex_pb2.PII_POLICY_REDACT: Handling.REDACT,
    reflex_pb2.PII_POLICY_ALLOW: Handling.ALLOW,
    reflex_pb2.PII_POLICY_BLOCK: Handling.BLOCK,
}


def options_from(options: reflex_pb2.CheckOptions) -> Options:
    """How to check; absent means true, for every check and for redact."""

    def on(name: str) -> bool:
        return bool(getattr(options, name)) if options.HasField(name) else True  # pyright: ignore[reportArgumentType]  # field names

    return Options(
        cache=on("cache"),
        wanted=Wanted(pii=on("pii"), secrets=on("secrets"), injection=on("injection")),
        redact=on("redact"),
        way=_REDACTIONS[options.redaction],
        pii=_HANDLINGS[options.pii_policy],
    )


def response_to(checked: Checked) -> reflex_pb2.CheckResponse:
    """A verdict on one text; a finding's offsets count characters."""
    verdict = checked.outcome.verdict
    return reflex_pb2.CheckResponse(
        action=_ACTIONS[verdict.action],
        cache=reflex_pb2.CacheLookup(
            hit=checked.value_json is not None, key=checked.key, value_json=checked.value_json or ""
        ),
        findings=[_finding(finding) for finding in verdict.findings],
        sanitized_text=checked.outcome.sanitized,
        risk_score=verdict.risk,
        processing_time_ms=checked.milliseconds,
        verdict_cached=checked.verdict_cached,
        policy_version=checked.policy_version,
    )


def _finding(finding: Finding) -> reflex_pb2.Finding:
    return reflex_pb2.Finding(
        category=_CATEGORIES[finding.category],
        type=finding.type,
        severity=_SEVERITIES[finding.severity],
        start=finding.start,
        end=finding.end,
        confidence=finding.confidence,
        reason=finding.reason,
    )


def timestamp_to(moment: datetime) -> Timestamp:
    """A point in time."""
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
