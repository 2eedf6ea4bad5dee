"""From findings to an action: allow, sanitize or block."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from reflex.context import is_mention
from reflex.findings import Category, Finding, Severity
from reflex.policy import Handling, Policy, Thresholds


class Action(StrEnum):
    """What the caller should do with the text."""

    ALLOW = "allow"
    SANITIZE = "sanitize"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a text.

    Attributes:
        action: what to do with it.
        findings: those that count, by place.
        risk: 0-1; for injections the chance that it is one, else how bad the worst leak is.
        flagged: whether an injection is reported.
    """

    action: Action
    findings: tuple[Finding, ...]
    risk: float
    flagged: bool = False


_SAME_EVIDENCE = {"multilingual": "ignore_previous"}
"""Types that say the same: French and English share the words of one sentence."""

_LEAK_RISKS = {Severity.LOW: 0.1, Severity.MEDIUM: 0.3, Severity.HIGH: 0.5, Severity.CRITICAL: 0.7}


def judge(
    *,
    findings: Sequence[Finding],
    policy: Policy,
    thresholds: Thresholds | None = None,
    pii: Handling | None = None,
) -> Verdict:
    """Weigh findings under a policy.

    Args:
        findings: everything that was detected.
        policy: thresholds and handlings.
        thresholds: of the caller; the policy's for everybody when None.
        pii: what the caller wants done with personal data; the policy's way when None.
    """
    data = [
        finding
        for finding in findings
        if finding.category is not Category.INJECTION and finding.confidence >= policy.least_confidence
    ]
    attacks = [finding for finding in findings if finding.category is Category.INJECTION]
    thresholds = thresholds or policy.injection
    danger = injection_risk(findings=attacks, near=policy.near)
    flagged = danger >= thresholds.flag
    kept = sorted(data + (_strongest(attacks) if flagged else []), key=lambda found: (found.start, found.end))
    handlings = {_handling(finding=finding, policy=policy, pii=pii) for finding in data}
    if danger >= thresholds.block or Handling.BLOCK in handlings:
        action = Action.BLOCK
    else:
        action = Action.SANITIZE if Handling.REDACT in handlings else Action.ALLOW
    leak = max((_LEAK_RISKS[finding.severity] * finding.confidence for finding in data), default=0.0)
    return Verdict(action=action, findings=tuple(kept), risk=round(max(danger, leak), 4), flagged=flagged)


def injection_risk(*, findings: Sequence[Finding], near: int) -> float:
    """The chance that a text is an attack: independent types of evidence near each other add up.

    Within a window of `near` characters the risk is 1 - prod(1 - c) over the best confidence c of each type
    (a noisy-or); the text's risk is that of its worst window. Length alone therefore adds no risk.
    """
    ordered = sorted(findings, key=lambda finding: finding.start)
    worst, first = 0.0, 0
    for last, finding in enumerate(ordered):
        while finding.start - ordered[first].start > near:
            first += 1
        by_type: dict[str, float] = {}
        for other in ordered[first : last + 1]:
            # A text about attacks mentions all kinds of them: that is one thing known about it.
            kind = "mention" if is_mention(other.context) else _SAME_EVIDENCE.get(other.type, other.type)
            by_type[kind] = max(by_type.get(kind, 0.0), other.confidence)
        worst = max(worst, 1 - math.prod(1 - confidence for confidence in by_type.values()))
    return worst


def _strongest(findings: Sequence[Finding]) -> list[Finding]:
    """Of overlapping findings of one type the surest, the widest of those."""
    kept: list[Finding] = []
    for finding in sorted(findings, key=lambda found: (-found.confidence, found.start - found.end)):
        covered = any(
            other.type == finding.type and other.start < finding.end and finding.start < other.end
            for other in kept
        )
        if not covered:
            kept.append(finding)
    return kept


def _handling(*, finding: Finding, policy: Policy, pii: Handling | None) -> Handling:
    if finding.category is Category.SECRET:
        return policy.secrets
    return pii or policy.pii


def redactable(*, verdict: Verdict, policy: Policy, pii: Handling | None = None) -> tuple[Finding, ...]:
    """The findings whose text must not pass on."""
    return tuple(
        finding
        for finding in verdict.findings
        if finding.category is not Category.INJECTION
        and _handling(finding=finding, policy=policy, pii=pii) is not Handling.ALLOW
    )
