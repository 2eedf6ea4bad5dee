"""Rules that are scanned together: which stretches a rule may match in, and its matches there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import NamedTuple

from reflex.matching.pieces import Cut
from reflex.matching.prefilter import Stretch, make_prefilter
from reflex.matching.widths import widest
from reflex.regex import STEADY_MEMORY, compile_regex, spans
from reflex.rules import Rule
from reflex.view import Bytes

MOST_SINGLE = 1000
"""Spans of one data rule that are told one by one; later neighbours are joined: a flood costs no more."""
MOST_APART = 3000
"""The same of spans that stand apart."""
NEIGHBOURS, FAR_NEIGHBOURS = 2, 64
"""Bytes between spans that are joined, after so many single ones and after so many that stand apart."""


class Hits(NamedTuple):
    """A rule's matches in a view; a tuple for the reason that `Finding` is one.

    Attributes:
        rule: what matched.
        spans: first character of each match and one past its last, in characters of the view.
        read: False when re2 did not look: these are stretches that may hold matches.
    """

    rule: Rule
    spans: Sequence[Stretch]
    read: bool = True


_MATCHED, _SWIFT, _SHORT = 36_000, 10_000, 16_000
"""Bytes that re2 reads of any text, those of them that may become slow, and characters of a short text."""
_MORE = 8
"""Bytes more for each character that a text is shorter: all else in it takes less."""


@dataclass(slots=True, kw_only=True)
class MatchBudget:
    """What re2 may still read of one text for attacks; shared by all its readings.

    Ordinary texts of 100 KB take 15,000, the worst of 9,000 jailbreaks 20,000.

    Attributes:
        bytes: left.
        steady: bytes that are read in time that no text can make longer, and ordinary ones do not need.
    """

    bytes: int
    steady: int

    @classmethod
    def of(cls, *, characters: int) -> "MatchBudget":
        """What a text of so many characters gets."""
        given = _MATCHED + _MORE * max(0, _SHORT - characters)
        return cls(bytes=given, steady=given - _SWIFT)


class Group:
    """Rules that are scanned together.

    Args:
        rules: of the group.
        cut: makes the pieces that a text is scanned in.
        use_hyperscan: None takes it where it is installed.
        folder: where compiled databases are kept; None keeps none.
    """

    def __init__(
        self, *, rules: Sequence[Rule], cut: Cut, use_hyperscan: bool | None, folder: Path | None
    ) -> None:
        self._rules = tuple(rules)
        self._regexes = [compile_regex(rule.pattern) for rule in rules]
        self._steady = [compile_regex(rule.pattern, memory=STEADY_MEMORY) for rule in rules]
        self._groups = [min(1, regex.groups) for regex in self._regexes]
        widths = [widest(pattern=rule.pattern) for rule in rules]
        self._prefilter = make_prefilter(
            patterns=[rule.pattern for rule in rules],
            cut=cut,
            widths=None if inf in widths else [int(width) for width in widths],
            use_hyperscan=use_hyperscan,
            folder=folder,
        )

    def hits(self, *, encoded: Bytes) -> Iterator[Hits]:
        """All matches of each rule, later neighbours joined."""
        for index, stretches in sorted(self._prefilter.candidates(data=encoded.data).items()):
            matches = self._matches(index=index, stretches=stretches, data=encoded.data)
            found = matches if len(matches) <= MOST_SINGLE else list(_joined(matches))
            if found:
                yield Hits(self._rules[index], encoded.characters(found))

    def first_hits(self, *, encoded: Bytes, most: int, budget: MatchBudget) -> Iterator[Hits]:
        """The first matches of each rule, in the order of the rules.

        Args:
            encoded: a view.
            most: matches of a rule.
            budget: of the text; reduced by what re2 reads. Past its end, stretches are given unread.
        """
        for index, stretches in sorted(self._prefilter.candidates(data=encoded.data).items()):
            rule = self._rules[index]
            found, left = self._first(
                index=index, stretches=stretches, data=encoded.data, most=most, budget=budget
            )
            if found:
                yield Hits(rule, encoded.characters(found))
            if left:
                yield Hits(rule, encoded.characters(left), read=False)

    def _first(
        self, *, index: int, stretches: Sequence[Stretch], data: bytes, most: int, budget: MatchBudget
    ) -> tuple[Sequence[Stretch], Sequence[Stretch]]:
        """The first matches of a rule, and the stretch that the budget was not enough for."""
        group = self._groups[index]
        found = list[Stretch]()
        for first, last in _merged(stretches):
            if self._prefilter.narrows and last - first > budget.bytes:
                return found, [(first, last)]
            regex = (self._regexes if budget.bytes > budget.steady else self._steady)[index]
            left = most - len(found)
            found += spans(regex, data=data, group=group, first=first, last=last, most=left)
            enough = len(found) == most
            budget.bytes -= (found[-1][1] if enough else last) - first
            if enough:
                break
        return found, []

    def _matches(self, *, index: int, stretches: Sequence[Stretch], data: bytes) -> Sequence[Stretch]:
        """What re2 finds in the stretches."""
        regex, group = self._regexes[index], self._groups[index]
        found = list[Stretch]()
        for first, last in _merged(stretches):
            found += spans(regex, data=data, group=group, first=first, last=last)
        return found


def _merged(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """The stretches, joined where they meet."""
    first, last = stretches[0]
    for start, end in stretches:
        if start > last:
            yield first, last
            first = start
        last = end
    yield first, last


def _joined(matches: Sequence[Stretch]) -> Iterator[Stretch]:
    """Matches one by one; in a flood those joined that hardly anything lies between."""
    first, last, told, gap = -1, -1, 0, -1
    for start, end in matches:
        if first >= 0 and start - last <= gap:
            last = end
            continue
        if first >= 0:
            yield first, last
            told += 1
            if told >= MOST_SINGLE:
                gap = NEIGHBOURS if told < MOST_APART else FAR_NEIGHBOURS
        first, last = start, end
    if first >= 0:
        yield first, last
