"""Scans a text in every reading it may be meant in, and turns hits into findings of the original."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter

from reflex.context import talks_about_attacks
from reflex.findings import Category, Finding, Severity
from reflex.matching.engine import Engine
from reflex.matching.group import MatchBudget
from reflex.readings.disguise import Disguises
from reflex.readings.embedded import DecodeBudget
from reflex.readings.normalise import Normaliser
from reflex.readings.readings import Readings
from reflex.scoring.scorer import Scorer
from reflex.view import View
from reflex.weigh import MORE_CIRCUMSTANCES, Weigher
from reflex.work import Work, unread

CERTAIN = 0.9
"""Confidence of an attack after which no other reading is searched for attacks: it blocks by itself."""

MOST_ATTACKS = 100
"""Matches of attacks after which no more are looked for when one was certain: the verdict stands."""

MOST_SCORED = 130_000
"""Characters of one text and its readings that are scored; in what is left, rules alone find attacks."""

LEAST_SCORE = 0.3
"""Learned confidences below it say nothing."""

_PLACE = attrgetter("start", "end")


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
        self._readings = Readings(normaliser=normaliser, disguises=disguises)
        self._scorer = scorer

    def detect(self, *, text: str, wanted: Wanted) -> list[Finding]:
        """Every finding, by place; one a rule and span.

        Args:
            text: the original; spans of the findings are its characters.
            wanted: categories to look for.
        """
        progress = _Progress(wanted=wanted, matching=MatchBudget.of(characters=len(text)))
        pending = self._readings.first(text=text)
        while pending:
            view = pending.popleft()
            # What is left unread counts as an attack that blocks by itself.
            progress.certain = progress.certain or bool(progress.budget.unread)
            if progress.certain and (view.foreign or not view.data_rules):
                continue
            if progress.work.affords(view=view):
                pending.extend(self._scan(view=view, progress=progress))
            elif view.text:
                progress.budget.leave(view=view, start=0, end=len(view.text), data=view.data_rules)
        self._score(progress=progress)
        for finding in unread(budget=progress.budget, wanted=wanted):
            progress.note([finding])
        found = chain.from_iterable(places.values() for places in progress.best.values())
        return sorted(found, key=attrgetter("start", "end", "rule"))

    def _scan(self, *, view: View, progress: "_Progress") -> Iterator[View]:
        """Note the view's findings; give the further readings that its look suggests."""
        wanted = progress.wanted
        data = view.data_rules and not view.foreign and (wanted.pii or wanted.secrets)
        attacks = wanted.injection and not progress.certain
        scan = self._engine.scan(
            text=view.text,
            latin=attacks and not view.foreign,
            foreign=attacks,
            data=data,
            probes=view.data_rules,
            budget=progress.matching,
        )
        matches, rules = 0, 0
        for hits in scan.attacks:
            if not hits.read:
                ((start, end),) = hits.spans
                progress.budget.leave(view=view, start=start, end=end, data=False)
                progress.certain = True
                break
            progress.note(progress.weigher.attacks(hits=hits, view=view))
            if progress.certain and progress.weigher.weighed >= MOST_ATTACKS:
                break
        for hits in scan.data:
            matches, rules = matches + len(hits.spans), rules + 1
            if wanted.covers(hits.rule.category):
                progress.note(progress.weigher.data(hits=hits, view=view))
        progress.work.spend(view=view, matches=matches, rules=rules)
        attacks = attacks and not progress.certain
        if attacks and not view.foreign:
            progress.to_score.append(view)
        return self._readings.further(view=view, probes=scan.probes, attacks=attacks, budget=progress.budget)

    def _score(self, *, progress: "_Progress") -> None:
        """Score the readings, as many as may be, unless an attack was found that needs no more evidence."""
        left = MOST_SCORED
        for number, view in enumerate(progress.to_score):
            if self._scorer is None or progress.certain:
                return
            if number == 0 or len(view.text) <= left:
                left -= len(view.text)
                progress.note(_scored(view=view, scorer=self._scorer))


@dataclass(slots=True, kw_only=True)
class _Progress:
    """How far the detection in one text has come.

    Attributes:
        wanted: categories to look for.
        budget: what may still be decoded.
        work: what may still be read.
        matching: what re2 may still read for attacks.
        weigher: decides on hits, and counts what that costs.
        to_score: readings that the scorer may see.
        certain: whether an attack was found that needs no more evidence.
        best: for each rule, and each start and end, the surest finding.
    """

    wanted: Wanted
    matching: MatchBudget
    budget: DecodeBudget = field(default_factory=DecodeBudget)
    work: Work = field(default_factory=Work)
    weigher: Weigher = field(default_factory=Weigher)
    to_score: list[View] = field(default_factory=list[View])
    certain: bool = False
    best: dict[str, dict[tuple[int, int], Finding]] = field(
        default_factory=dict[str, dict[tuple[int, int], Finding]]
    )

    def note(self, findings: Sequence[Finding]) -> None:
        """Keep findings of one rule, unless a surer one of it lies in the same place."""
        if not findings:
            return
        best = self.best.setdefault(findings[0].rule, {})
        places = list(map(_PLACE, findings))
        if best or len(set(places)) < len(places):
            for place, finding in zip(places, findings, strict=True):
                known = best.setdefault(place, finding)
                if known.confidence < finding.confidence:
                    best[place] = finding
        else:
            best.update(zip(places, findings, strict=True))
        if findings[0].category is Category.INJECTION:
            self.certain = self.certain or any(finding.confidence >= CERTAIN for finding in findings)


def _scored(*, view: View, scorer: Scorer) -> Sequence[Finding]:
    """The worst window of a view as a finding; its span is that of the window, to within its spaces."""
    score = scorer.score(view=view)
    confidence = score.confidence
    if confidence >= LEAST_SCORE and talks_about_attacks(text=view.text):
        confidence *= MORE_CIRCUMSTANCES
    if confidence < LEAST_SCORE or not view.text:
        return ()
    share = len(view.text) / score.of
    first = min(int(score.start * share), len(view.text) - 1)
    start, end = view.span(start=first, end=max(first + 1, min(int(score.end * share) + 1, len(view.text))))
    finding = Finding(
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
    return (finding,)
