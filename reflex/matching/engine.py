"""Finds the spans of all rules in one text: a prefilter says which rules can hit, google-re2 says where."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from reflex.findings import Category
from reflex.matching.group import Group, Hits, MatchBudget
from reflex.matching.pieces import PIECE, by_words, near, whole
from reflex.matching.prefilter import make_prefilter
from reflex.matching.widths import FAR, is_local, widest
from reflex.readings.probes import PROBES
from reflex.regex import compile_regex
from reflex.rules import Rule
from reflex.view import Bytes

WIDEST = 400
"""Characters that a match of an injection rule may span; a test holds the tables to it."""
NARROW = 160
"""The same for most of them: less is scanned twice."""
MOST_PER_RULE = 4
"""Spans of one injection rule in one text: the verdict needs no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one scan saw.

    Attributes:
        attacks: the matches of each injection rule, looked for as they are read.
        data: the same of the rules for PII and secrets.
        probes: disguises and encodings that seem to be there.
    """

    attacks: Iterator[Hits]
    data: Iterator[Hits]
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
        foreign = [rule for rule in attacks if not rule.pattern.isascii()]
        narrow = [
            rule for rule in attacks if rule.pattern.isascii() and widest(pattern=rule.pattern) <= NARROW
        ]
        wide = [rule for rule in attacks if rule not in narrow and rule not in foreign]
        others = [rule for rule in rules if rule.category is not Category.INJECTION]
        local = [rule for rule in others if is_local(pattern=rule.pattern)]
        anywhere = [rule for rule in others if rule not in local]
        patterns = list(PROBES.values())
        self._probes = tuple(PROBES)
        self._probe_regexes = [compile_regex(pattern) for pattern in patterns]
        # Compiling takes seconds and leaves the interpreter free.
        with ThreadPoolExecutor(max_workers=3) as pool:
            make = partial(pool.submit, use_hyperscan=use_hyperscan, folder=folder)
            latin = [
                make(Group, rules=narrow, cut=near(widest=NARROW, piece=PIECE // 2)),
                make(Group, rules=wide, cut=near(widest=WIDEST)),
            ]
            scripts = make(Group, rules=foreign, cut=near(widest=WIDEST))
            data = [
                make(Group, rules=local, cut=by_words(widest=FAR)),
                make(Group, rules=anywhere, cut=whole),
            ]
            probing = make(make_prefilter, patterns=patterns, cut=whole)
            self._latin = [group.result() for group in latin]
            self._foreign = [scripts.result()]
            self._probing = probing.result()
            self._data = [group.result() for group in data]
        self.name = self._probing.name

    def scan(
        self, *, text: str, latin: bool, foreign: bool, data: bool, probes: bool, budget: MatchBudget
    ) -> Scan:
        """Match a text against the rules asked for.

        Args:
            text: one view of a text.
            latin: match the injection rules whose patterns are in Latin letters.
            foreign: match the other injection rules.
            data: match the rules for PII and secrets.
            probes: look for disguises and encodings.
            budget: of the text; reduced by what is read for attacks.
        """
        encoded = Bytes(text=text)
        return Scan(
            attacks=chain.from_iterable(
                group.first_hits(encoded=encoded, most=MOST_PER_RULE, budget=budget)
                for group in (*(self._latin if latin else ()), *(self._foreign if foreign else ()))
            ),
            data=chain.from_iterable(group.hits(encoded=encoded) for group in self._data if data),
            probes=self._probe(encoded.data) if probes else frozenset(),
        )

    def _probe(self, data: bytes) -> frozenset[str]:
        return frozenset(
            self._probes[index]
            for index in self._probing.candidates(data=data)
            if self.name != "re2" or self._probe_regexes[index].search(data)
        )
