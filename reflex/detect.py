"""Scans a text in every reading it may be meant in, and turns hits into findings of the original."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from reflex.context import (
    ATTRIBUTED,
    FRAMED,
    NEGATED,
    QUOTED,
    is_mention,
    surroundings,
    talks_about_attacks,
)
from reflex.disguise import Disguises
from reflex.embedded import DecodeBudget, decoded
from reflex.engine import Engine, Hit
from reflex.escapes import unescaped
from reflex.findings import Category, Finding, Severity
from reflex.normalise import Normaliser, hidden_tags
from reflex.probes import DISGUISES, ENCODINGS, ESCAPES
from reflex.scorer import Scorer
from reflex.validators import COSTLY, VALIDATORS
from reflex.view import View

MOST_VALIDATED = 256
"""Candidates of one rule in one text that are validated; the rest count as found: a flood hides nothing."""

MOST_READ = 600_000
"""Characters of all further readings of one text: every combination of disguises would be without end."""

CERTAIN = 0.9
"""Confidence of an attack after which no other reading is searched for attacks: it blocks by itself."""

LEAST_SCORE = 0.3
"""Learned confidences below it say nothing."""

_ONE_CIRCUMSTANCE, _MORE_CIRCUMSTANCES = 0.6, 0.4
_STRONG_ONE = 0.97
_MENTIONED = 0.45
"""Just below a flag: with evidence that is no mention it flags, and blocks when that is strong."""
_NEGATED = _ATTRIBUTED = 0.45
_FOLDED = "homoglyph"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to look for.

    Attributes:
        pii: data about persons.
        secrets: credentials.
        injection: attempts to take over the model.
    """

    pii: bool = True
    secrets: bool = True
    injection: bool = True

    def covers(self, category: Category) -> bool:
        """Whether findings of a category are wanted."""
        if category is Category.INJECTION:
            return self.injection
        return self.pii if category is Category.PII else self.secrets


class Detector:
    """Finds PII, secrets and injections in a text.

    Args:
        engine: the compiled rules.
        normaliser: makes plain and folded readings.
        disguises: undoes leet and its like.
        scorer: finds what no pattern names; None leaves it to the patterns.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        normaliser: Normaliser,
        disguises: Disguises,
        scorer: Scorer | None = None,
    ) -> None:
        self._engine = engine
        self._normaliser = normaliser
        self._disguises = disguises
        self._scorer = scorer

    def detect(self, *, text: str, wanted: Wanted) -> list[Finding]:
        """Every finding, by place; one a rule and span.

        Args:
            text: the original; spans of the findings are its characters.
            wanted: categories to look for.
        """
        progress = _Progress(wanted=wanted)
        pending = deque([self._normaliser.plain(view=View(text=text, original_length=len(text)))])
        tags = hidden_tags(text=text)
        if tags is not None:
            pending.append(tags)
        while pending:
            view = pending.popleft()
            if progress.certain and not view.data_rules:
                continue
            for reading in self._scan(view=view, progress=progress):
                pending.append(reading)
                progress.characters -= len(reading.text)
                if progress.characters <= 0:
                    break
        return sorted(progress.best.values(), key=lambda finding: (finding.start, finding.end, finding.rule))

    def _scan(self, *, view: View, progress: "_Progress") -> Iterator[View]:
        """Note the view's findings; give the further readings that its look suggests."""
        wanted = progress.wanted
        data = view.data_rules and (wanted.pii or wanted.secrets)
        attacks = wanted.injection and not progress.certain
        scan = self._engine.scan(text=view.text, injection=attacks, data=data, probes=view.data_rules)
        for hit in scan.hits:
            if wanted.covers(hit.rule.category):
                progress.note(_finding(hit=hit, view=view, validated=progress.validated))
        attacks = attacks and not progress.certain
        if attacks and self._scorer is not None:
            progress.note(_scored(view=view, scorer=self._scorer))
        return self._readings(view=view, probes=scan.probes, attacks=attacks, budget=progress.budget)

    def _readings(
        self, *, view: View, probes: frozenset[str], attacks: bool, budget: DecodeBudget
    ) -> Iterator[View]:
        is_folded = view.encoding.endswith(_FOLDED)
        folded = None if is_folded or not view.data_rules else self._normaliser.folded(view=view)
        if folded is not None:
            yield folded
        if not view.data_rules:
            return
        if not is_folded:
            yield from self._decoded(view=view, probes=probes, budget=budget)
        if folded is None and attacks:
            suspected = [disguise for disguise in DISGUISES if disguise in probes]
            yield from self._disguises.undo(view=view, disguises=suspected)

    def _decoded(self, *, view: View, probes: frozenset[str], budget: DecodeBudget) -> Iterator[View]:
        for kind in ENCODINGS:
            inner = decoded(view=view, kind=kind, budget=budget) if kind in probes else None
            if inner is not None:
                yield self._normaliser.plain(view=inner)
        written = unescaped(view=view, kinds=probes.intersection(ESCAPES), budget=budget)
        if written is not None:
            yield self._normaliser.plain(view=written)


@dataclass(slots=True, kw_only=True)
class _Progress:
    """How far the detection in one text has come.

    Attributes:
        wanted: categories to look for.
        budget: what may still be decoded.
        characters: what may still be read.
        validated: for each rule the candidates that were validated.
        certain: whether an attack was found that needs no more evidence.
        best: for each rule and span the surest finding.
    """

    wanted: Wanted
    budget: DecodeBudget = field(default_factory=DecodeBudget)
    characters: int = MOST_READ
    validated: dict[str, int] = field(default_factory=dict[str, int])
    certain: bool = False
    best: dict[tuple[str, int, int], Finding] = field(default_factory=dict[tuple[str, int, int], Finding])

    def note(self, finding: Finding | None) -> None:
        """Keep a finding, unless a surer one of its rule lies there."""
        if finding is None:
            return
        key = (finding.rule, finding.start, finding.end)
        known = self.best.get(key)
        if known is None or known.confidence < finding.confidence:
            self.best[key] = finding
        if finding.confidence >= CERTAIN and finding.category is Category.INJECTION:
            self.certain = True


def _scored(*, view: View, scorer: Scorer) -> Finding | None:
    """The worst window of a view as a finding; its span is that of the window, to within its spaces."""
    score = scorer.score(view=view)
    if score.confidence < LEAST_SCORE or not view.text:
        return None
    confidence = score.confidence
    if talks_about_attacks(text=view.text):
        confidence *= _MORE_CIRCUMSTANCES
    share = len(view.text) / score.of
    first = min(int(score.start * share), len(view.text) - 1)
    start, end = view.span(start=first, end=max(first + 1, min(int(score.end * share) + 1, len(view.text))))
    return Finding(
        category=Category.INJECTION,
        type="learned",
        severity=Severity.MEDIUM,
        start=start,
        end=end,
        confidence=round(confidence, 4),
        reason="It reads like known attacks.",
        rule="injection.learned.score",
        encoding=view.encoding,
    )


def _finding(*, hit: Hit, view: View, validated: dict[str, int]) -> Finding | None:
    rule = hit.rule
    confidence = rule.confidence
    if rule.validator:
        seen = validated.get(rule.id, 0)
        validated[rule.id] = seen + 1
        if seen < COSTLY.get(rule.validator, MOST_VALIDATED):
            confidence *= VALIDATORS[rule.validator](view.text[hit.start : hit.end])
        if not confidence:
            return None
    context: tuple[str, ...] = ()
    if rule.category is Category.INJECTION:
        context = surroundings(text=view.text, start=hit.start, end=hit.end)
        confidence = _in_context(confidence=confidence, context=context, kind=rule.type, strong=rule.strong)
    start, end = view.span(start=hit.start, end=hit.end)
    confidence = round(confidence, 4)
    return Finding(
        rule.category,
        rule.type,
        rule.severity,
        start,
        end,
        confidence,
        rule.reason,
        rule.id,
        context,
        view.encoding,
    )


def _in_context(*, confidence: float, context: tuple[str, ...], kind: str, strong: bool) -> float:
    """A confidence after what stands around the match; one circumstance alone never cancels a strong rule."""
    if NEGATED in context:
        confidence *= _NEGATED
    if ATTRIBUTED in context and kind == "prompt_extraction":
        confidence *= _ATTRIBUTED
    if is_mention(context):
        return min(confidence, _MENTIONED) if strong else confidence * _MORE_CIRCUMSTANCES
    if QUOTED in context or FRAMED in context:
        return confidence * (_STRONG_ONE if strong else _ONE_CIRCUMSTANCE)
    return confidence
