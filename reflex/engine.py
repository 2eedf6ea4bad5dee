"""Finds the spans of all rules in one text: a prefilter says which rules can hit, google-re2 says where."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from reflex.findings import Category
from reflex.prefilter import make_prefilter
from reflex.probes import PROBES
from reflex.regex import compile_regex, spans
from reflex.rules import Rule
from reflex.view import Bytes

WIDEST = 400
"""Bytes that a match of an injection rule may span; a test holds the tables to it."""
MOST_PER_RULE = 4
"""Spans of one injection rule in one text: the verdict needs no more."""


MOST_SINGLE = 1000
"""Spans of one data rule that are told one by one; later neighbours are joined: a flood costs no more."""
NEIGHBOURS = 2
"""Bytes between spans that are joined."""


class Hit(NamedTuple):
    """A rule's match in a view, in characters of the view; a tuple for the reason that `Finding` is one.

    Attributes:
        rule: what matched.
        start: first character of the span.
        end: one past its last character.
    """

    rule: Rule
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one scan saw.

    Attributes:
        hits: every match of a rule.
        probes: disguises and encodings that seem to be there.
    """

    hits: Sequence[Hit]
    probes: frozenset[str]


class Engine:
    """All rules, compiled.

    Args:
        rules: the tables.
        use_hyperscan: None takes it where it is installed.
        folder: where compiled databases are kept; None keeps none.
    """

    def __init__(
        self, *, rules: Sequence[Rule], use_hyperscan: bool | None = None, folder: Path | None = None
    ) -> None:
        attacks = [rule for rule in rules if rule.category is Category.INJECTION]
        others = [rule for rule in rules if rule.category is not Category.INJECTION]
        patterns = list(PROBES.values())
        self._probes = tuple(PROBES)
        self._probe_regexes = [compile_regex(pattern) for pattern in patterns]
        # Compiling takes seconds and leaves the interpreter free.
        with ThreadPoolExecutor(max_workers=3) as pool:
            make = partial(pool.submit, use_hyperscan=use_hyperscan, folder=folder)
            injection = make(_Group, rules=attacks, ends=True)
            data = make(_Group, rules=others, ends=False)
            probing = make(make_prefilter, patterns=patterns, ends=False)
            self._injection, self._data, self._probing = injection.result(), data.result(), probing.result()
        self.name = self._probing.name

    def scan(self, *, text: str, injection: bool, data: bool, probes: bool) -> Scan:
        """Match a text against the rules asked for.

        Args:
            text: one view of a text.
            injection: match the injection rules.
            data: match the rules for PII and secrets.
            probes: look for disguises and encodings.
        """
        encoded = Bytes(text=text)
        hits: list[Hit] = []
        if injection:
            hits.extend(self._injection.injection_hits(encoded=encoded))
        if data:
            hits.extend(self._data.all_hits(encoded=encoded))
        return Scan(hits=hits, probes=self._probe(encoded.data) if probes else frozenset())

    def _probe(self, data: bytes) -> frozenset[str]:
        return frozenset(
            self._probes[index]
            for index in self._probing.candidates(data=data)
            if self.name != "re2" or self._probe_regexes[index].search(data)
        )


class _Group:
    """Rules that are scanned together."""

    def __init__(
        self, *, rules: Sequence[Rule], ends: bool, use_hyperscan: bool | None, folder: Path | None
    ) -> None:
        self._rules = tuple(rules)
        self._regexes = [compile_regex(rule.pattern) for rule in rules]
        self._groups = [min(1, regex.groups) for regex in self._regexes]
        self._prefilter = make_prefilter(
            patterns=[rule.pattern for rule in rules],
            ends=ends,
            use_hyperscan=use_hyperscan,
            folder=folder,
        )

    def all_hits(self, *, encoded: Bytes) -> Iterator[Hit]:
        """Every match of every rule."""
        for index in self._prefilter.candidates(data=encoded.data):
            found = spans(self._regexes[index], data=encoded.data, group=self._groups[index])
            yield from self._hits(index=index, found=islice(found, MOST_SINGLE), encoded=encoded)
            yield from self._hits(index=index, found=_runs(found), encoded=encoded)

    def injection_hits(self, *, encoded: Bytes) -> Iterator[Hit]:
        """The first matches of each rule; re2 looks only near the ends that the prefilter saw."""
        for index, ends in self._prefilter.candidates(data=encoded.data).items():
            found = islice(self._near(index=index, ends=ends, data=encoded.data), MOST_PER_RULE)
            yield from self._hits(index=index, found=found, encoded=encoded)

    def _near(self, *, index: int, ends: Sequence[int] | None, data: bytes) -> Iterator[tuple[int, int]]:
        after = 0
        for first, last in _windows(ends=ends, length=len(data)):
            for start, end in spans(self._regexes[index], data=data, first=max(first, after), last=last):
                after = end
                yield start, end

    def _hits(self, *, index: int, found: Iterator[tuple[int, int]], encoded: Bytes) -> Iterator[Hit]:
        rule = self._rules[index]
        if encoded.ascii:
            return (Hit(rule, start, end) for start, end in found)
        character = encoded.character
        return (Hit(rule, character(start), character(end)) for start, end in found)


def _runs(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
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


def _windows(*, ends: Sequence[int] | None, length: int) -> Iterator[tuple[int, int]]:
    """Stretches of the text around the ends, merged, in order; the whole text when ends are not known."""
    if ends is None:
        yield 0, length
        return
    first = last = -1
    for end in sorted(ends):
        if end - WIDEST > last:
            if last >= 0:
                yield max(0, first), min(length, last)
            first = end - WIDEST
        last = end + WIDEST
    yield max(0, first), min(length, last)
