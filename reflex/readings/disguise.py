"""Undoes disguises of letters in place: leet, rot13, reversal, letters spaced out or run together."""

import codecs
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product

import numpy as np

from reflex.readings.embedded import DecodeBudget
from reflex.readings.narrow import AROUND, LONG, near
from reflex.readings.spaced import Spaced
from reflex.readings.vocabulary import Vocabulary
from reflex.regex import compile_regex
from reflex.view import View


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

_LONG_WORD = 3
"""Letters of a common word that tells where a long text was disguised."""
_APART = AROUND // 4
"""Characters between places where a word is looked for: what stands around each is read anyway."""
_MANY = 0.3
"""Share of the words of a text that are leet where it is in no language that we know."""
_SEVERAL = 4
"""Common words that must come out where no telling one does."""

BY_WORDS = frozenset(("rot13", "reversed"))
"""Disguises that the words of a text tell, and no probe is needed for in a short one."""

Words = Callable[[], set[str]]
"""Makes the words of a text, known or not, once."""


class Disguises:
    """Makes the readings in which a disguised text says what it means; they are scanned for injections only.

    Args:
        vocabulary: words to recognise success by.
    """

    def __init__(self, *, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        known = vocabulary.known
        # A word is found in its disguise: sooner than undoing that of a whole text to look for words.
        self._in_rot13 = {_translated(word, _ROT13): word for word in known}
        self._in_reverse = {word[::-1]: word for word in known}
        self._with_i = {variant: word for word in known for variant in _with_i(word)}
        spaced = Spaced(vocabulary=vocabulary, tells=self._tells)
        self._letters: Mapping[str, Callable[[View, Words], View | None]] = {
            "leet": self._leet,
            "rot13": self._rot13,
            "reversed": self._reversed,
        }
        self._runs: Mapping[str, Callable[[View, DecodeBudget], Iterator[View]]] = {
            "spaced": spaced.spaced,
            "dotted": spaced.dotted,
            "joined": spaced.joined,
        }

    def undo(self, *, view: View, disguises: Sequence[str], budget: DecodeBudget) -> Iterator[View]:
        """The view without each of the disguises, where something telling comes out.

        Args:
            view: a plain or folded view.
            disguises: of leet, rot13, reversed, spaced, dotted and joined those to try.
            budget: of the text; reduced by the letters that are cut into words.
        """
        before = cache(lambda: _words(view.text))
        for disguise in disguises:
            if disguise in self._runs:
                yield from self._runs[disguise](view, budget)
            else:
                undone = self._letters[disguise](view, before)
                if undone is not None:
                    yield undone

    def _came_out(self, *, before: Words, after: set[str], long: bool = False) -> set[str]:
        """The telling words, or several common ones, that come out and were not there; else none.

        A long text may have all words by way of a decoy: there every telling word that comes out counts.

        Args:
            before: words that were there.
            after: known words that come out.
            long: whether the text is long.
        """
        telling = after & self._vocabulary.telling
        if long and telling:
            return telling
        if len(after) < _SEVERAL and not telling:
            return set()
        new = after - before()
        if new & telling:
            return new & telling
        return new if len(new) >= _SEVERAL else set()

    def _tells(self, before: str, after: str) -> bool:
        return bool(
            self._came_out(before=lambda: _words(before), after=_words(after) & self._vocabulary.known)
        )

    def _leet(self, view: View, before: Words) -> View | None:
        text = view.text.lower()
        words = list(set(text.split()))
        if len(text) != len(view.text) or not words:
            return None
        read = _unleet("\n".join(words), _LEET_I).split("\n")
        changed = " ".join(after for word, after in zip(words, read, strict=True) if word != after)
        out = _words(changed)
        # An i may have been a 1, and that an l.
        known = out & self._vocabulary.known | _known_as(out, self._with_i)
        came_out = self._came_out(before=before, after=known, long=len(text) >= LONG)
        if not came_out and (len(text) >= LONG or not _are_many(words, changed.split())):
            return None
        undone = view.derive(text=self._leet_words(text=text), encoding="leet", data_rules=False)
        if len(text) < LONG:
            return undone
        places = sorted(self._changed_words(text=text, undone=undone.text, words=came_out))
        return near(reading=undone, places=np.array(places, dtype=np.intp)) if places else None

    def _changed_words(self, *, text: str, undone: str, words: set[str]) -> Iterator[int]:
        """Where words came out of other letters: digits stand everywhere in long texts, such words do not."""
        for word in words:
            # A 1 was read as i; it may have been an l.
            for variant in {word, word.replace("l", "i")}:
                alone = word not in self._vocabulary.telling
                yield from _standing(undone, variant, alone=alone, unlike=text)

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
        words = self._undone_words(view=view, words=before, disguised=self._in_rot13)
        if not words:
            return None
        undone = view.derive(text=_translated(view.text, _ROT13), encoding="rot13", data_rules=False)
        return self._where_it_tells(undone, words=words)

    def _reversed(self, view: View, before: Words) -> View | None:
        words = self._undone_words(view=view, words=before, disguised=self._in_reverse)
        if not words:
            return None
        picked = np.arange(len(view.text) - 1, -1, -1, dtype=np.int32)
        undone = view.derive(text=view.text[::-1], encoding="reversed", picked=picked, data_rules=False)
        return self._where_it_tells(undone, words=words)

    def _undone_words(self, *, view: View, words: Words, disguised: Mapping[str, str]) -> set[str]:
        known = _known_as(words(), disguised)
        return self._came_out(before=words, after=known, long=len(view.text) >= LONG)

    def _where_it_tells(self, undone: View, *, words: set[str]) -> View | None:
        """A reading near the words that came out, if it is long."""
        if len(undone.text) < LONG:
            return undone
        places = sorted(self._telling_places(text=undone.text.lower(), words=words))
        if not places:
            return None
        reading = near(reading=undone, places=np.array(places, dtype=np.intp))
        # Common words come out of another language all over, by accident; telling ones do not.
        return reading if words & self._vocabulary.telling or len(reading.text) < LONG else None

    def _telling_places(self, *, text: str, words: set[str]) -> Iterator[int]:
        """Where telling words stand, and common ones by themselves: parts of words are so by accident."""
        for word in words:
            telling = word in self._vocabulary.telling
            if telling or len(word) >= _LONG_WORD:
                yield from _standing(text, word, alone=not telling)


def _words(text: str) -> set[str]:
    return set(_translated(text.lower(), _TO_SPACE).split())


def _known_as(words: set[str], disguised: Mapping[str, str]) -> set[str]:
    """The known words that some words are in disguise."""
    return {disguised[word] for word in disguised.keys() & words}


def _with_i(word: str) -> Iterator[str]:
    """A word with an i for some of its l, as they come out when each 1 is read as i."""
    if "i" not in word:
        letters = product(*("li" if letter == "l" else letter for letter in word))
        yield from (variant for variant in map("".join, letters) if variant != word)


def _are_many(words: Sequence[str], changed: Sequence[str]) -> bool:
    """Whether so many words became words of letters alone that somebody must have meant it."""
    read = sum(len(word) >= _LONG_WORD and word.strip(string.punctuation).isalpha() for word in changed)
    return read >= _SEVERAL and read >= _MANY * len(words)


def _is_part(text: str, place: int, word: str) -> bool:
    """Whether letters or digits stand around a word."""
    return text[place - 1 : place].isalnum() or text[place + len(word) : place + len(word) + 1].isalnum()


def _standing(text: str, word: str, *, alone: bool, unlike: str = "") -> Iterator[int]:
    """Where a word stands in a text, at most once in so many characters.

    Args:
        text: in lower case.
        word: to find.
        alone: not as a part of a word.
        unlike: another text that has less words; not where the word stands in it too.
    """
    place = text.find(word)
    if unlike.startswith(word, place) and text.count(word) == unlike.count(word):
        return
    while place >= 0:
        counts = not unlike.startswith(word, place) and not (alone and _is_part(text, place, word))
        if counts:
            yield place
        place = text.find(word, place + (_APART if counts else len(word)))


def _translated(text: str, table: bytes) -> str:
    return text.encode("utf-8", "surrogatepass").translate(table).decode("utf-8", "surrogatepass")


def _unleet(text: str, table: bytes) -> str:
    return _translated(text.replace("€", "e").replace("£", "l"), table)
