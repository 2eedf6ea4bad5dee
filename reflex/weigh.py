"""Weighs hits: validators decide on candidates of data, what stands around it on the match of an attack."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

from reflex.context import ATTRIBUTED, FRAMED, NEGATED, QUOTED, is_mention, surroundings
from reflex.findings import Finding
from reflex.matching.group import Hits
from reflex.matching.prefilter import Stretch
from reflex.rules import Rule
from reflex.validators import COSTLY, VALIDATORS
from reflex.view import View

MOST_VALIDATED = 256
"""Different candidates of a rule in one text that are validated; the rest count as found: none is hidden."""
MOST_VALIDATED_TOGETHER = 1024
"""The same for all rules of one text."""
MOST_COSTLY_TOGETHER = 32
"""The same for all rules that ask costly validators."""
MOST_WEIGHED = 512
"""Matches of attacks in one text whose surroundings are looked at; the rest count in full."""

_ONE_CIRCUMSTANCE, MORE_CIRCUMSTANCES = 0.6, 0.4
_STRONG_ONE = 0.97
_MENTIONED = 0.45
"""Just below a flag: with evidence that is no mention it flags, and blocks when that is strong."""
_NEGATED = _ATTRIBUTED = 0.45

_MAKE = tuple[Any, ...].__new__
"""Makes a Finding in a third of its constructor's time: a hostile text has ten thousand."""


@dataclass(slots=True, kw_only=True)
class Weigher:
    """Weighs the hits in one text, in all its readings.

    Attributes:
        by_rule: for each rule the different candidates that were validated.
        costly: the same for all costly validators.
        together: the same for all rules.
        weighed: matches of attacks whose surroundings were looked at.
        known: what each validator said of each candidate.
    """

    by_rule: dict[str, int] = field(default_factory=dict[str, int])
    costly: int = 0
    together: int = 0
    weighed: int = 0
    known: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])

    def data(self, *, hits: Hits, view: View) -> Sequence[Finding]:
        """Findings of the matches of a rule for PII or secrets, without those that its validator refuses."""
        rule = hits.rule
        shares = self._shares(rule=rule, spans=hits.spans, text=view.text) if rule.validator else ()
        confidences = chain((round(rule.confidence * share, 4) for share in shares), repeat(rule.confidence))
        before = rule.category, rule.type, rule.severity
        after = rule.reason, rule.id, (), view.encoding
        return [
            _MAKE(Finding, (*before, start, end, confidence, *after))
            for (start, end), confidence in zip(view.spans(hits.spans), confidences, strict=False)
            if confidence
        ]

    def attacks(self, *, hits: Hits, view: View) -> Sequence[Finding]:
        """Findings of the matches of a rule for injections."""
        return [self._attack(rule=hits.rule, start=start, end=end, view=view) for start, end in hits.spans]

    def _attack(self, *, rule: Rule, start: int, end: int, view: View) -> Finding:
        context: tuple[str, ...] = ()
        if self.weighed < MOST_WEIGHED:
            context = surroundings(text=view.text, start=start, end=end)
        self.weighed += 1
        first, last = view.span(start=start, end=end)
        return Finding(
            category=rule.category,
            type=rule.type,
            severity=rule.severity,
            start=first,
            end=last,
            confidence=round(_in_context(context=context, rule=rule), 4),
            reason=rule.reason,
            rule=rule.id,
            context=context,
            encoding=view.encoding,
        )

    def _shares(self, *, rule: Rule, spans: Sequence[Stretch], text: str) -> Sequence[float]:
        """For the first matches, until no more may be validated, the share of confidence that is left."""
        validate, known = VALIDATORS[rule.validator], self.known.setdefault(rule.validator, {})
        left = self._left(rule=rule)
        shares = list[float]()
        asked = 0
        for start, end in spans:
            candidate = text[start:end]
            share = known.get(candidate)
            if share is None:
                if asked >= left:
                    break
                asked += 1
                share = known[candidate] = validate(candidate)
            shares.append(share)
        self._asked(rule=rule, times=asked)
        return shares

    def _left(self, *, rule: Rule) -> int:
        """Candidates of a rule that may still be validated."""
        most = COSTLY.get(rule.validator, MOST_VALIDATED)
        left = min(most - self.by_rule.get(rule.id, 0), MOST_VALIDATED_TOGETHER - self.together)
        if rule.validator in COSTLY:
            left = min(left, MOST_COSTLY_TOGETHER - self.costly)
        return left

    def _asked(self, *, rule: Rule, times: int) -> None:
        self.by_rule[rule.id] = self.by_rule.get(rule.id, 0) + times
        self.together += times
        if rule.validator in COSTLY:
            self.costly += times


def _in_context(*, context: tuple[str, ...], rule: Rule) -> float:
    """A confidence after what stands around the match; one circumstance alone never cancels a strong rule."""
    confidence, strong = rule.confidence, rule.strong
    if NEGATED in context:
        confidence *= _NEGATED
    if ATTRIBUTED in context and rule.type == "prompt_extraction":
        confidence *= _ATTRIBUTED
    if is_mention(context):
        return min(confidence, _MENTIONED) if strong else confidence * MORE_CIRCUMSTANCES
    if QUOTED in context or FRAMED in context:
        return confidence * (_STRONG_ONE if strong else _ONE_CIRCUMSTANCE)
    return confidence
