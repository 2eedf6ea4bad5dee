"""Which rules can hit a text, and where: hyperscan over pieces of it, or every rule where there is none."""

import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from reflex.matching.pieces import PIECE, Cut, Piece, ahead, back
from reflex.regex import compile_regex

_FEW = 8
"""Patterns that are sooner looked for in the whole text than piece by piece."""

Stretch = tuple[int, int]
"""First byte of a stretch of text and one past its last."""

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
    """Answers which patterns may match, and where if it narrows that."""

    name: str
    narrows: bool

    def candidates(self, *, data: bytes) -> Mapping[int, Sequence[Stretch]]:
        """Indexes of patterns that may match, each with the stretches that matches may lie in, in order."""
        ...


class HyperscanPrefilter:
    """One automaton for all patterns; each pattern is reported once a piece.

    Hyperscan counts in bytes, and reports ends of matches and no starts (starts would slow it down tenfold).

    Args:
        patterns: RE2 syntax, understood by hyperscan too; what is given to it is `widened`.
        cut: makes the pieces that a text is scanned in.
        widths: characters that a match of each pattern may span; None where that has no end.
        folder: where compiled databases are kept; None keeps none.
    """

    name = "hyperscan"
    narrows = True

    def __init__(
        self,
        *,
        patterns: Sequence[str],
        cut: Cut,
        widths: Sequence[int] | None = None,
        folder: Path | None = None,
    ) -> None:
        import hyperscan

        from reflex.matching.databases import Databases

        self._module: Any = hyperscan
        self._database: Any = Databases(folder=folder).get(
            expressions=[widened(pattern=pattern).encode() for pattern in patterns],
            flags=[
                hyperscan.HS_FLAG_SINGLEMATCH | (0 if pattern.isascii() else hyperscan.HS_FLAG_UTF8)
                for pattern in patterns
            ],
        )
        self._cut = cut
        self._widths = widths
        # A scratch belongs to one scan at a time: two threads on one raise ScratchInUse.
        self._local = threading.local()

    def candidates(self, *, data: bytes) -> Mapping[int, Sequence[Stretch]]:
        """See `Prefilter`."""
        found: dict[int, list[Stretch]] = {}
        piece, ascii_only, widths, most = Piece(0, 0, 0), True, self._widths, len(data)

        def on_match(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            first, last, past = piece
            if widths is None:
                stretch = (first, past)
            elif ascii_only:
                stretch = (max(0, first + end - widths[index]), min(most, last + widths[index]))
            else:
                stretch = (
                    back(data=data, place=first + end, characters=widths[index]),
                    ahead(data=data, place=last, characters=widths[index]),
                )
            found.setdefault(index, []).append(stretch)

        scan, scratch = self._database.scan, self._scratch()
        if widths is None and len(data) > PIECE and self._are_few(data=data, found=found):
            return found
        found.clear()
        for piece in self._cut(data):
            ascii_only = widths is None or data[piece.first : piece.past].isascii()
            scan(data[piece.first : piece.last], match_event_handler=on_match, scratch=scratch)
        return found

    def _are_few(self, *, data: bytes, found: dict[int, list[Stretch]]) -> bool:
        """Whether so few patterns match that re2 may as well look for each in the whole text."""

        def on_match(index: int, _start: int, _end: int, _flags: int, _context: object) -> bool:
            found[index] = [(0, len(data))]
            return len(found) > _FEW

        try:
            self._database.scan(data, match_event_handler=on_match, scratch=self._scratch())
        except self._module.ScanTerminated:
            return False
        return True

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
    narrows = False

    def __init__(self, *, patterns: Sequence[str]) -> None:
        self._count = len(patterns)

    def candidates(self, *, data: bytes) -> Mapping[int, Sequence[Stretch]]:
        """All patterns, everywhere, unless there is nothing to look at."""
        return {index: ((0, len(data)),) for index in range(self._count)} if data else {}


def make_prefilter(
    *,
    patterns: Sequence[str],
    cut: Cut,
    widths: Sequence[int] | None = None,
    use_hyperscan: bool | None = None,
    folder: Path | None = None,
) -> Prefilter:
    """The fastest prefilter that this machine has.

    Args:
        patterns: of the rules, in their order.
        cut: see `HyperscanPrefilter`.
        widths: see `HyperscanPrefilter`.
        use_hyperscan: None takes it where it is installed.
        folder: where compiled databases are kept; None keeps none.
    """
    if patterns and (use_hyperscan or (use_hyperscan is None and find_spec("hyperscan") is not None)):
        return HyperscanPrefilter(patterns=patterns, cut=cut, widths=widths, folder=folder)
    return EveryPattern(patterns=patterns)
