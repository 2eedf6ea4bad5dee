"""How much of one text is read: a budget in units of work, and what counts as found when it is spent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from reflex.findings import Category, Finding, Severity
from reflex.readings.embedded import DecodeBudget
from reflex.view import View

MOST_UNITS = 230_000
"""Units of one text; a unit is a character that all rules are looked for in, about 0.15 microseconds."""
LEAST_UNITS = 30_000
"""Units of further readings, however much the first one took."""
_OF_A_MATCH, _OF_A_RULE = 25, 200
"""Units of a match of a data rule, and of a rule that matches at all."""
UNREAD = 0.9
"""Confidence that an attack is in what was not read."""


@dataclass(slots=True, kw_only=True)
class Work:
    """What was spent on a text.

    Attributes:
        units: so far.
        limit: when no more is read.
        density: the most units that a character took.
    """

    units: int = 0
    limit: int = 0
    density: float = 1.0

    def affords(self, *, view: View) -> bool:
        """Whether a view may be read; the first one always is, and one for attacks in other scripts."""
        return self.units == 0 or view.foreign or self.units + self._expected(view=view) <= self.limit

    def spend(self, *, view: View, matches: int, rules: int) -> None:
        """Count what a reading took.

        Args:
            view: that was read.
            matches: of data rules in it.
            rules: that had a match.
        """
        units = len(view.text) + matches * _OF_A_MATCH + rules * _OF_A_RULE
        if self.limit == 0:
            self.limit = max(MOST_UNITS, units + LEAST_UNITS)
        if len(view.text) >= LEAST_UNITS:
            self.density = max(self.density, units / len(view.text))
        self.units += 0 if view.foreign else units

    def _expected(self, *, view: View) -> float:
        return len(view.text) * (self.density if view.data_rules else 1)


class Wants(Protocol):
    """What is looked for."""

    def covers(self, category: Category) -> bool:
        """Whether findings of a category are wanted."""
        ...


def unread(*, budget: DecodeBudget, wanted: Wants) -> Iterator[Finding]:
    """What was not read counts as found: a flood hides nothing.

    Args:
        budget: that knows what it was not enough for.
        wanted: categories that are looked for.
    """
    attack, secret, person = Category.INJECTION, Category.SECRET, Category.PII
    if budget.unread and wanted.covers(attack):
        yield _unread(category=attack, kind="encoded_instruction", spans=budget.unread)
    if budget.unread_data and (wanted.covers(secret) or wanted.covers(person)):
        category = secret if wanted.covers(secret) else person
        yield _unread(category=category, kind="unread", spans=budget.unread_data)


def _unread(*, category: Category, kind: str, spans: Sequence[tuple[int, int]]) -> Finding:
    return Finding(
        category=category,
        type=kind,
        severity=Severity.HIGH,
        start=min(start for start, _ in spans),
        end=max(end for _, end in spans),
        confidence=UNREAD,
        reason="More is disguised or encoded here than can be read.",
        rule=f"{category}.{kind}.unread",
    )
