"""Undoes disguises of letters in place: leet, rot13, reversal, letters spaced out or run together."""

import codecs
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from reflex.narrow import narrowed
from reflex.regex import compile_regex
from reflex.spaced import Spaced
from reflex.view import View
from reflex.vocabulary import Vocabulary


def _table(letters: str, become: str) -> bytes:
    """What each byte becomes: a hundred times faster than a map of characters where one is no ASCII."""
    return bytes.maketrans(letters.encode(), become.encode())


_LEET_I = _table("0134578@$!|+9", "oieastbasiltg")
_LEET_L = _table("0134578@$!|+9", "oleastbasiltg")
_ROT13 = _table(string.ascii_letters, codecs.encode(string.ascii_letters, "rot13"))
_TO_SPACE = _table(string.punctuation, " " * len(string.punctuation))
_WITH_ONE = compile_regex(r"\S*1\S*")
_MOST_WITH_ONE = 4000
"""Characters of the longest text in which each 1 is read as the letter that makes its word known."""

_SEVERAL = 4
"""Common words that must come out where no telling one does."""

Words = Callable[[], set[str]]
"""Makes the known words of a text, once."""


class Disguises:
    """Makes the readings in which a disguised text says what it means; they are scanned for injections only.

    Args:
        vocabulary: words to recognise success by.
    """

    def __init__(self, *, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        spaced = Spaced(vocabulary=vocabulary, tells=self._tells_text)
        self._undo: Mapping[str, Callable[[View, Words], View | None]] = {
            "leet": self._leet,
            "rot13": self._rot13,
            "reversed": self._reversed,
            "spaced": lambda view, _: spaced.spaced(view),
            "dotted": lambda view, _: spaced.dotted(view),
            "joined": lambda view, _: spaced.joined(view),
        }

    def undo(self, *, view: View, disguises: Sequence[str]) -> Iterator[View]:
        """The view without each of the disguises, where something telling comes out.

        Args:
            view: a plain or folded view.
            disguises: of leet, rot13, reversed, spaced, dotted and joined those to try.
        """
        before = cache(lambda: self._known_words(view.text))
        for disguise in disguises:
            undone = self._undo[disguise](view, before)
            if undone is not None:
                yield undone

    def _known_words(self, text: str) -> set[str]:
        return set(_translated(text.lower(), _TO_SPACE).split()) & self._vocabulary.known

    def _tells(self, before: Words, after: str) -> bool:
        """Whether a telling word, or several common ones, come out that were not there."""
        known, telling = self._known_words(after), self._vocabulary.telling
        if len(known) < _SEVERAL and not known & telling:
            return False
        new = known - before()
        return len(new) >= _SEVERAL or bool(new & telling)

    def _tells_text(self, before: str, after: str) -> bool:
        return self._tells(lambda: self._known_words(before), after)

    def _leet(self, view: View, before: Words) -> View | None:
        text = view.text.lower()
        words = list(set(text.split()))
        if len(text) != len(view.text) or not words:
            return None
        read = _unleet("\n".join(words), _LEET_I).split("\n")
        changed = " ".join(after for word, after in zip(words, read, strict=True) if word != after)
        # An i may have been a 1, and that an l.
        if not self._tells(before, f"{changed} {changed.replace('i', 'l')}"):
            return None
        undone = view.derive(text=self._leet_words(text=text), encoding="leet", data_rules=False)
        return narrowed(view=replace(view, text=text), reading=undone, picked=None)

    def _leet_words(self, *, text: str) -> str:
        """Leet undone, reading 1 as the letter that makes each word known."""
        as_i = _unleet(text, _LEET_I)
        if "1" not in text or len(text) > _MOST_WITH_ONE:
            return as_i
        as_l = _unleet(text, _LEET_L)
        known = self._vocabulary.known
        pieces, last = list[str](), 0
        for match in _WITH_ONE.finditer(text):
            start, end = match.span()
            usual, other = as_i[start:end].strip(string.punctuation), as_l[start:end]
            if usual not in known and other.strip(string.punctuation) in known:
                pieces += [as_i[last:start], other]
                last = end
        return "".join([*pieces, as_i[last:]])

    def _rot13(self, view: View, before: Words) -> View | None:
        text = _translated(view.text, _ROT13)
        if not self._tells(before, text):
            return None
        return view.derive(text=text, encoding="rot13", data_rules=False)

    def _reversed(self, view: View, before: Words) -> View | None:
        text = view.text[::-1]
        if not self._tells(before, text):
            return None
        picked = np.arange(len(text) - 1, -1, -1, dtype=np.int32)
        return view.derive(text=text, encoding="reversed", picked=picked, data_rules=False)


def _translated(text: str, table: bytes) -> str:
    return text.encode("utf-8", "surrogatepass").translate(table).decode("utf-8", "surrogatepass")


def _unleet(text: str, table: bytes) -> str:
    return _translated(text.replace("€", "e").replace("£", "l"), table)
