"""Undoes letters that were spaced out, dotted apart or run together, and puts the spaces where words end."""

import string
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from reflex.readings.embedded import DecodeBudget
from reflex.readings.narrow import AROUND
from reflex.readings.vocabulary import Vocabulary
from reflex.regex import Regex, compile_regex, occurs, spans
from reflex.view import Bytes, Offsets, View

_SEPARATORS = " \t._*|/~,+-"
_SPACED = compile_regex(r"(?:[^ \t][ \t]{1,4}){6,}\S")
_DOTTED = compile_regex(r"(?i)(?:\b[a-z0-9@$!][ \t._*|/~,+\-]{1,4}){4,}[a-z0-9@$!]\b")
_JOINED = compile_regex(r"(?i)[a-z]{24,200}")
_A_WORD, _SOME_WORDS = 3, 3
"""Letters of a word, and so many words that nobody spaced out by accident."""
_SOME_SIGNS = 6
"""The same of signs in scripts that have no spaces."""
_SHORT_WORD, _LONGEST_WORD = 5, 13
"""Letters below which nothing is cut; and the same of words that capitals tell apart."""
_UNSPACED = range(0x0E00, 0xD7B0)
"""From Thai to Hangul."""

_Letter = tuple[str, int]
"""A letter, and where it stood in its run."""


class _Letters(NamedTuple):
    """Letters of a run, each with its place in the view."""

    start: int
    end: int
    letters: str
    places: list[int]


class Spaced:
    """Closes up and cuts runs of letters.

    Args:
        vocabulary: words to cut into.
        tells: whether a text says something telling that another does not.
    """

    def __init__(self, *, vocabulary: Vocabulary, tells: Callable[[str, str], bool]) -> None:
        self._vocabulary = vocabulary
        self._telling = compile_regex("|".join(sorted(vocabulary.telling)))
        self._tells = tells

    def spaced(self, view: View, budget: DecodeBudget) -> Iterator[View]:
        """Single letters with spaces between them."""
        return self._rewritten(view=view, budget=budget, runs=_SPACED, separators=" \t", encoding="spaced")

    def dotted(self, view: View, budget: DecodeBudget) -> Iterator[View]:
        """Single letters with any marks between them."""
        return self._rewritten(
            view=view, budget=budget, runs=_DOTTED, separators=_SEPARATORS, encoding="spaced"
        )

    def joined(self, view: View, budget: DecodeBudget) -> Iterator[View]:
        """Words without spaces between them."""
        return self._rewritten(view=view, budget=budget, runs=_JOINED, separators="", encoding="joined")

    def _rewritten(
        self, *, view: View, budget: DecodeBudget, runs: Regex, separators: str, encoding: str
    ) -> Iterator[View]:
        """The view with its runs closed up, and with them cut too, where something telling comes out."""
        found = self._affordable(view=view, budget=budget, runs=runs, separators=separators)
        closed = [(start, end, _close_up(view.text[start:end], separators)) for start, end in found]
        seen = before = " ".join(view.text[start:end] for start, end in found)
        for rewrite in (list[_Letter], self._cut_words):
            rewritten = [
                _run(start=start, end=end, letters=rewrite(letters)) for start, end, letters in closed
            ]
            after = " ".join(run.letters for run in rewritten)
            if after != seen and (self._tells(before, after) or _is_of_words(after)):
                yield _replaced(view=view, runs=rewritten, encoding=encoding)
            seen = after

    def _affordable(
        self, *, view: View, budget: DecodeBudget, runs: Regex, separators: str
    ) -> Sequence[tuple[int, int]]:
        """The runs in order; of a flood those with a telling word, each once, and the rest is left unread."""
        encoded = Bytes(text=view.text)
        found = encoded.characters(spans(runs, data=encoded.data))
        letters = sum(end - start for start, end in found)
        if letters <= budget.letters:
            budget.letters -= letters
            return found
        removed = str.maketrans(dict.fromkeys(separators, ""))
        different = {view.text[start:end].translate(removed).lower(): (start, end) for start, end in found}
        telling = sorted(span for run, span in different.items() if occurs(self._telling, run))
        afforded = list[tuple[int, int]]()
        for start, end in telling:
            if end - start > budget.letters:
                budget.leave(view=view, start=start, end=telling[-1][1], data=False)
                break
            budget.letters -= end - start
            afforded.append((start, end))
        return afforded

    def _cut_words(self, letters: list[_Letter]) -> list[_Letter]:
        """Put spaces where words end, in parts that are no word."""
        cut = list[_Letter]()
        at = 0
        for part in "".join(letter for letter, _ in letters).split(" "):
            for piece in self._pieces(part):
                if cut:
                    cut.append((" ", letters[at][1]))
                cut += letters[at : at + len(piece)]
                at += len(piece)
            at += 1
        return cut

    def _pieces(self, part: str) -> Iterator[str]:
        """Words of a part: where a capital follows a small letter, and where the vocabulary says."""
        humps = _humps(part)
        for hump in humps:
            low = hump.lower()
            short = len(hump) < (_SHORT_WORD if len(humps) == 1 else _LONGEST_WORD)
            if short or low in self._vocabulary.known or len(low) != len(hump):
                yield hump
            else:
                yield from self._vocabulary.cut(letters=low)


def _humps(part: str) -> Sequence[str]:
    """Words written InOne, or the part as it is."""
    ends = [at for at in range(1, len(part)) if part[at - 1].islower() and part[at].isupper()]
    return [part[start:end] for start, end in pairwise([0, *ends, len(part)])]


def _is_of_words(text: str) -> bool:
    """Whether wider gaps made words of letters, in whatever language, or its script has none between them."""
    words = [word.strip(string.punctuation) for word in text.split()]
    if sum(word.isalpha() and len(word) >= _A_WORD for word in words) >= _SOME_WORDS:
        return True
    return sum(map(_UNSPACED.__contains__, map(ord, text))) >= _SOME_SIGNS


def _run(*, start: int, end: int, letters: list[_Letter]) -> _Letters:
    return _Letters(start, end, "".join(letter for letter, _ in letters), [start + at for _, at in letters])


def _replaced(*, view: View, runs: list[_Letters], encoding: str) -> View:
    """The runs rewritten, with what stands near them; what is far away was read in the view itself."""
    pieces, picked, last = list[str](), list[Offsets](), 0
    for run in runs:
        last = max(last, run.start - AROUND)
        pieces += [view.text[last : run.start], run.letters]
        picked += [np.arange(last, run.start, dtype=np.int32), np.array(run.places, dtype=np.int32)]
        last = run.end
    end = min(len(view.text), last + AROUND)
    pieces.append(view.text[last:end])
    picked.append(np.arange(last, end, dtype=np.int32))
    return view.derive(
        text="".join(pieces), encoding=encoding, picked=np.concatenate(picked), data_rules=False
    )


def _close_up(run: str, separators: str) -> list[_Letter]:
    """Letters of a run without its single separators, and where they stood; wider gaps become one space."""
    kept = list[_Letter]()
    gap = 0
    for place, character in enumerate(run):
        if character in separators:
            gap += 1
            continue
        if gap > 1:
            kept.append((" ", place - 1))
        gap = 0
        kept.append((character, place))
    return kept
