"""Rules that are scanned together: which stretches a rule may match in, and its matches there."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from reflex.pieces import Cut
from reflex.prefilter import Stretch, make_prefilter
from reflex.regex import compile_regex, spans
from reflex.rules import Rule
from reflex.view import Bytes

MOST_SINGLE = 1000
"""Spans of one data rule that are told one by one; later neighbours are joined: a flood costs no more."""
NEIGHBOURS = 2
"""Bytes between spans that are joined."""


class Hits(NamedTuple):
    """A rule's matches in a view; a tuple for the reason that `Finding` is one.

    Attributes:
        rule: what matched.
        spans: first character of each match and one past its last, in characters of the view.
    """

    rule: Rule
    spans: Sequence[Stretch]


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
        self._groups = [min(1, regex.groups) for regex in self._regexes]
        self._prefilter = make_prefilter(
            patterns=[rule.pattern for rule in rules],
            cut=cut,
            use_hyperscan=use_hyperscan,
            folder=folder,
        )

    def hits(self, *, encoded: Bytes, most: int | None = None) -> Iterator[Hits]:
        """The matches of each rule, in the order of the rules: where a reader stops depends on no prefilter.

        Args:
            encoded: a view.
            most: matches of a rule; None: all, but later neighbours are joined.
        """
        for index, stretches in sorted(self._prefilter.candidates(data=encoded.data).items()):
            matches = self._matches(index=index, stretches=stretches, data=encoded.data)
            if most is not None:
                found = list(islice(matches, most))
            else:
                found = list(islice(matches, MOST_SINGLE))
                found.extend(_runs(matches))
            if found:
                yield Hits(self._rules[index], encoded.characters(found))

    def _matches(self, *, index: int, stretches: Sequence[Stretch], data: bytes) -> Iterator[Stretch]:
        """What re2 finds in the stretches."""
        regex, group = self._regexes[index], self._groups[index]
        for first, last in _merged(stretches):
            yield from spans(regex, data=data, group=group, first=first, last=last)


def _merged(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """The stretches, joined where they meet."""
    first, last = stretches[0]
    for start, end in stretches:
        if start > last:
            yield first, last
            first = start
        last = end
    yield first, last


def _runs(spans: Iterator[Stretch]) -> Iterator[Stretch]:
    """Spans joined where hardly anything lies between them."""
    first = last = -1
    for start, end in spans:
        if first >= 0 and start - last <= NEIGHBOURS:
            last = end
            continue
        if first >= 0:
            yield first, last
        first, last = start, end
    if first >= 0:
        yield first, last
