"""Which rules can hit a text at all: one hyperscan pass, or every rule when it is not installed."""

import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from reflex.regex import compile_regex

MOST_ENDS = 48
"""Ends remembered for one pattern of one text; with more, the whole text is looked at."""


_BOUNDED = compile_regex(r"\{(\d+),\d+\}")
_OPEN = {0: "*", 1: "+"}


def widened(*, pattern: str) -> str:
    """A pattern that matches at least what `pattern` does, and compiles a hundred times faster.

    Repetitions lose their upper bound (an automaton that counts to forty at every place is what makes a
    database large), and word boundaries go. Bytes are then as good as characters, so patterns in ASCII need
    no UTF-8 mode. re2 has the last word.
    """
    pieces, last = list[str](), 0
    for match in _BOUNDED.finditer(pattern):
        least = int(match.group(1))
        pieces += [pattern[last : match.start()], _OPEN.get(least, f"{{{least},}}")]
        last = match.end()
    return "".join([*pieces, pattern[last:]]).replace(r"\b", "")


class Prefilter(Protocol):
    """Answers which patterns match somewhere, and where their matches end if it knows."""

    name: str

    def candidates(self, *, data: bytes) -> Mapping[int, Sequence[int] | None]:
        """Indexes of patterns that may match, each with byte offsets of ends; None: look everywhere."""
        ...


class HyperscanPrefilter:
    """One automaton for all patterns.

    Hyperscan counts in bytes, reports each end of a match and no starts (starts would slow it down tenfold).

    Args:
        patterns: RE2 syntax, understood by hyperscan too; what is given to it is `widened`.
        ends: remember where matches end; else each pattern is reported once.
        folder: where compiled databases are kept; None keeps none.
    """

    name = "hyperscan"

    def __init__(self, *, patterns: Sequence[str], ends: bool, folder: Path | None = None) -> None:
        import hyperscan

        from reflex.databases import Databases

        self._module: Any = hyperscan
        once = 0 if ends else hyperscan.HS_FLAG_SINGLEMATCH
        self._database: Any = Databases(folder=folder).get(
            expressions=[widened(pattern=pattern).encode() for pattern in patterns],
            flags=[once | (0 if pattern.isascii() else hyperscan.HS_FLAG_UTF8) for pattern in patterns],
        )
        self._ends = ends
        # A scratch belongs to one scan at a time: two threads on one raise ScratchInUse.
        self._local = threading.local()

    def candidates(self, *, data: bytes) -> Mapping[int, Sequence[int] | None]:
        """See `Prefilter`."""
        found: dict[int, list[int]] = {}

        def on_match(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            ends = found.setdefault(index, [])
            if len(ends) < MOST_ENDS:
                ends.append(end)

        self._database.scan(data, match_event_handler=on_match, scratch=self._scratch())
        if not self._ends:
            return dict.fromkeys(found)
        return {index: ends if len(ends) < MOST_ENDS else None for index, ends in found.items()}

    def _scratch(self) -> Any:
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._module.Scratch(self._database)
            self._local.scratch = scratch
        return scratch


class EveryPattern:
    """Leaves everything to re2: the fallback where hyperscan has no wheel.

    Args:
        patterns: as in `HyperscanPrefilter`.
    """

    name = "re2"

    def __init__(self, *, patterns: Sequence[str]) -> None:
        self._all: Mapping[int, Sequence[int] | None] = dict.fromkeys(range(len(patterns)))

    def candidates(self, *, data: bytes) -> Mapping[int, Sequence[int] | None]:
        """All patterns, unless there is nothing to look at."""
        return self._all if data else {}


def make_prefilter(
    *, patterns: Sequence[str], ends: bool, use_hyperscan: bool | None = None, folder: Path | None = None
) -> Prefilter:
    """The fastest prefilter that this machine has.

    Args:
        patterns: of the rules, in their order.
        ends: see `HyperscanPrefilter`.
        use_hyperscan: None takes it where it is installed.
        folder: where compiled databases are kept; None keeps none.
    """
    if patterns and (use_hyperscan or (use_hyperscan is None and find_spec("hyperscan") is not None)):
        return HyperscanPrefilter(patterns=patterns, ends=ends, folder=folder)
    return EveryPattern(patterns=patterns)
