"""Reads a criterion and decides it by rule when rules understand the whole of it."""

from arms.judge.rules.contents import CONTENT_RULES
from arms.judge.rules.counts import COUNT_RULES
from arms.judge.rules.criterion import claim_of, parts_of
from arms.judge.rules.formats import FORMAT_RULES
from arms.judge.rules.items import ITEM_RULES
from arms.judge.rules.rule import Finding, Rule

RULES: tuple[Rule, ...] = (
    # Sizes first: "has 3 sentences" is no list of things called sentences.
    *COUNT_RULES,
    *FORMAT_RULES,
    *CONTENT_RULES,
    # Last: its nouns are open.
    *ITEM_RULES,
)
"""All checks, in the order in which they are asked; the first that decides counts."""


def decide(criterion: str, output: str) -> Finding | None:
    """Judge one criterion without a model.

    A rule speaks only when it understands the whole claim; a half-understood one is left to the model. Claims
    that are joined by "and" are decided one by one: one that fails decides the whole.

    Args:
        criterion: as the caller wrote it.
        output: what is judged.

    Returns:
        None when no rule decides.
    """
    claim = claim_of(criterion)
    whole = _by_rule(claim, output=output)
    if whole is not None:
        return whole
    parts = parts_of(claim)
    return _of_parts(parts, output=output) if len(parts) > 1 else None


def _of_parts(parts: list[str], *, output: str) -> Finding | None:
    findings = [_by_rule(part, output=output) for part in parts]
    decided = [finding for finding in findings if finding is not None]
    failed = next((finding for finding in decided if not finding.passed), None)
    if failed is not None:
        return failed
    if len(decided) < len(findings):
        return None
    return Finding(
        passed=True,
        evidence=" ".join(finding.evidence for finding in decided),
        confidence=min(finding.confidence for finding in decided),
    )


def _by_rule(claim: str, *, output: str) -> Finding | None:
    findings = (rule.apply(claim, output=output) for rule in RULES)
    return next((finding for finding in findings if finding is not None), None)
