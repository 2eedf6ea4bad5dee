"""Where a text speaks of what attacks speak of - overriding, rules, the model, its owner - in any wording."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reflex.data_files import data_text
from reflex.view import code_points

_FILE = "concepts.txt"
MOST_CONCEPTS = 64
"""Concepts that the lists may name: features of three of them are counted in sixes of bits."""

_KEY = 3
"""First letters by which stems are looked up."""
_SPACE, _APOSTROPHE, _CURLY = ord(" "), ord("'"), ord("\u2019")
_UNSPACED = ((0x0E00, 0x0E7F), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF))
"""Thai, kana, Han and Hangul: words there may begin anywhere."""
_LONGEST_UNSPACED = 4
"""Characters by which a word of those scripts is recognised."""
_LETTER = np.fromiter((chr(code).isalpha() for code in range(0x10000)), dtype=bool, count=0x10000)
"""Of each code of the basic plane whether it is a letter."""

Places = NDArray[np.int64]
Kinds = NDArray[np.int64]


class Seen(NamedTuple):
    """Concepts of a text, by place.

    Attributes:
        places: the character where each begins.
        kinds: its number.
    """

    places: Places
    kinds: Kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Words of each concept, by what is needed to recognise them.

    Attributes:
        words: whole words.
        stems: beginnings of words, longest first, by their first letters.
        unspaced: for each length the words of scripts without spaces, as sorted hashes, and their concepts.
        begins: of each code of the basic plane whether one of those words begins with it.
    """

    words: Mapping[str, int]
    stems: Mapping[str, Sequence[tuple[str, int]]]
    unspaced: Mapping[int, tuple[NDArray[np.int64], Kinds]]
    begins: NDArray[np.bool_]


class Concepts:
    """Finds concepts.

    Args:
        lists: words of each.
    """

    def __init__(self, *, lists: Lists) -> None:
        self._lists = lists

    def seen(self, *, text: str) -> Seen:
        """Every concept in a text in lower case."""
        codes = code_points(text).astype(np.int64)
        starts, words = _words(codes=codes)
        kind_of = {word: self._kind(word) for word in set(words)}
        kinds = np.fromiter(map(kind_of.__getitem__, words), dtype=np.int64, count=len(words))
        known = kinds >= 0
        places, kinds = starts[known], kinds[known]
        begins = np.flatnonzero(self._lists.begins[np.minimum(codes, 0xFFFF)])
        if len(begins):
            more = [self._unspaced(codes=codes, begins=begins, length=n) for n in self._lists.unspaced]
            places = np.concatenate([places, *(seen.places for seen in more)])
            kinds = np.concatenate([kinds, *(seen.kinds for seen in more)])
            order = np.lexsort((kinds, places))
            places, kinds = places[order], kinds[order]
        return Seen(places=places, kinds=kinds)

    def _kind(self, word: str) -> int:
        kind = self._lists.words.get(word)
        if kind is not None:
            return kind
        for stem, of_stem in self._lists.stems.get(word[:_KEY], ()):
            if word.startswith(stem):
                return of_stem
        return -1

    def _unspaced(self, *, codes: NDArray[np.int64], begins: Places, length: int) -> Seen:
        hashes, kinds = self._lists.unspaced[length]
        begins = begins[begins + length <= len(codes)]
        values = _hashes(codes=codes, begins=begins, length=length)
        found = np.minimum(np.searchsorted(hashes, values), len(hashes) - 1)
        known = hashes[found] == values
        return Seen(places=begins[known], kinds=kinds[found[known]])


def _words(*, codes: NDArray[np.int64]) -> tuple[Places, Sequence[str]]:
    """Where words begin, and the words; an apostrophe between letters belongs to its word."""
    codes = np.where(codes == _CURLY, _APOSTROPHE, codes)
    letter = _LETTER[np.minimum(codes, 0xFFFF)]
    inside = np.zeros_like(letter)
    inside[1:-1] = (codes[1:-1] == _APOSTROPHE) & letter[:-2] & letter[2:]
    letter |= inside
    spaced = np.where(letter, codes, _SPACE).astype(np.uint32)
    starts = np.flatnonzero(letter & ~np.concatenate([[False], letter[:-1]]))
    return starts, spaced.tobytes().decode("utf-32-le").split()


def _hashes(*, codes: NDArray[np.int64], begins: Places, length: int) -> NDArray[np.int64]:
    """The characters from each of some places as one number: sixteen bits of each."""
    values = np.zeros(len(begins), dtype=np.int64)
    for shift in range(length):
        values = values << 16 | codes[begins + shift] & 0xFFFF
    return values


def load_concepts() -> Concepts:
    """Read data/concepts.txt."""
    return Concepts(lists=parsed(text=data_text(_FILE)))


def lists_digest() -> str:
    """Says which lists there are: weights belong to the lists that they were trained on."""
    return hashlib.sha256(data_text(_FILE).encode()).hexdigest()


def parsed(*, text: str) -> Lists:
    """The lists of a file of lines "name: word stem* ..."; of words listed twice the first concept has them.

    Raises:
        ValueError: there are more concepts than features can tell apart.
    """
    lines = [line.partition(":")[2].split() for line in text.splitlines() if line and line[0] != "#"]
    if len(lines) > MOST_CONCEPTS:
        raise ValueError(f"{len(lines)} concepts are listed, {MOST_CONCEPTS} can be told apart")
    words: dict[str, int] = {}
    stems: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    unspaced: defaultdict[int, dict[int, int]] = defaultdict(dict)
    begins = np.zeros(0x10000, dtype=bool)
    for kind, listed in enumerate(lines):
        for word in listed:
            if _is_unspaced(word):
                codes = code_points(word[:_LONGEST_UNSPACED]).astype(np.int64)
                (value,) = _hashes(codes=codes, begins=np.zeros(1, dtype=np.int64), length=len(codes))
                unspaced[len(codes)].setdefault(int(value), kind)
                begins[codes[0]] = True
            elif word.endswith("*"):
                stems[word[:_KEY]].append((word[:-1], kind))
            else:
                words.setdefault(word, kind)
    return Lists(
        words=words,
        stems={key: sorted(listed, key=lambda stem: -len(stem[0])) for key, listed in stems.items()},
        unspaced={length: _sorted(hashes) for length, hashes in unspaced.items()},
        begins=begins,
    )


def _is_unspaced(word: str) -> bool:
    return any(first <= ord(character) <= last for character in word for first, last in _UNSPACED)


def _sorted(kinds: Mapping[int, int]) -> tuple[NDArray[np.int64], Kinds]:
    hashes = sorted(kinds)
    return np.array(hashes, dtype=np.int64), np.array([kinds[one] for one in hashes], dtype=np.int64)
