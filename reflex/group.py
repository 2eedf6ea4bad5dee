"""Rules that are scanned together: which stretches a rule may match in, and its matches there."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from reflex.prefilter import Stretch, ahead, back, make_prefilter
from reflex.regex import compile_regex, spans
from reflex.rules import Rule
from reflex.view import Bytes

WIDEST = 400
"""Characters that a match of an injection rule may span; a test holds the tables to it."""
NARROW = 220
"""The same for narrow rules."""

MOST_SINGLE = 1000
"""Spans of one data rule that are told one by one; later neighbours are joined: a flood costs no more."""
NEIGHBOURS = 2
"""Bytes between spans that are joined."""

_ESCAPES_AND_CLASSES = compile_regex(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]")
_WITHOUT_END = compile_regex(r"[*+]|\{\d+,\}")
_AT_MOST = compile_regex(r"(\d+)\}")


class Hits(NamedTuple):
    """A rule's matches in a view; a tuple for the reason that `Finding` is one.

    Attributes:
        rule: what matched.
        spans: first character of each match and one past its last, in characters of the view.
    """

    rule: Rule
    spans: Sequence[Stretch]


def is_narrow(*, pattern: str) -> bool:
    """Whether no part of a pattern is repeated without end, and all repetitions together are few.

    A test holds those to `NARROW`.
    """
    bare = _ESCAPES_AND_CLASSES.sub("c", pattern)
    repeated = sum(int(match.group(1)) for match in _AT_MOST.finditer(bare))
    return repeated <= NARROW and _WITHOUT_END.search(bare) is None


class Group:
    """Rules that are scanned together.

    Args:
        rules: of the group.
        widest: characters that a match may span; None: any number.
        use_hyperscan: None takes it where it is installed.
        folder: where compiled databases are kept; None keeps none.
    """

    def __init__(
        self, *, rules: Sequence[Rule], widest: int | None, use_hyperscan: bool | None, folder: Path | None
    ) -> None:
        self._rules = tuple(rules)
        self._widest = widest
        self._regexes = [compile_regex(rule.pattern) for rule in rules]
        self._groups = [min(1, regex.groups) for regex in self._regexes]
        self._prefilter = make_prefilter(
            patterns=[rule.pattern for rule in rules],
            widest=widest,
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
        """What re2 finds in the stretches, and around them as far as a match may reach."""
        regex, group = self._regexes[index], self._groups[index]
        for first, last in _wider(stretches=stretches, by=self._widest or 0, data=data):
            yield from spans(regex, data=data, group=group, first=first, last=last)


def _wider(*, stretches: Sequence[Stretch], by: int, data: bytes) -> Iterator[Stretch]:
    """The stretches with so many characters before and after, joined where they meet."""
    first = last = -1
    for start, end in stretches:
        start = back(data=data, place=start, characters=by)  # noqa: PLW2901 - the same stretch, wider
        if start > last:
            if first >= 0:
                yield first, last
            first = start
        last = ahead(data=data, place=end, characters=by)
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
