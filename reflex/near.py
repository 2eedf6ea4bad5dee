"""The semantic tier of the value cache, off by default: finds a text that was put before and says the same.

Nearness alone is not sameness: a lone "not" leaves a cosine above 0.95. So the numbers, the negations and the
content words must be the same too; what may differ is case, spacing, punctuation and small words.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reflex.features import hashed, prepared
from reflex.regex import compile_regex
from reflex.view import View

CLOSE = 0.95
"""Least cosine between the n-gram counts of two texts."""

_WORD = compile_regex(r"[\p{L}\p{N}]+(?:['.,:/-][\p{L}\p{N}]+)*")
_SMALL = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "and",
        "or",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "do",
        "does",
        "did",
        "can",
        "could",
        "would",
        "will",
        "shall",
        "should",
        "please",
        "me",
        "my",
        "i",
        "you",
        "your",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "what",
        "which",
        "how",
        "with",
        "by",
        "from",
        "as",
        "about",
        "tell",
        "give",
    ]
)
_NEGATIONS = frozenset(
    [
        "no",
        "not",
        "never",
        "none",
        "nothing",
        "nobody",
        "neither",
        "nor",
        "cannot",
        "without",
        "isn't",
        "don't",
        "doesn't",
        "didn't",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A text that was put."""

    key: str
    order: tuple[str, ...]
    buckets: NDArray[np.uint32]
    counts: NDArray[np.int64]


class NearTexts:
    """Remembers texts by what they say; bounded, the oldest are forgotten.

    Args:
        size: texts remembered.
    """

    def __init__(self, *, size: int) -> None:
        self._size = size
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    def add(self, *, tenant: str, text: str, key: str) -> None:
        """Remember that a value stands under `key` for this text."""
        place = (tenant, _saying(text))
        self._known[place] = _known(text=text, key=key)
        self._known.move_to_end(place)
        if len(self._known) > self._size:
            self._known.popitem(last=False)

    def find(self, *, tenant: str, text: str) -> str | None:
        """The key of a text of this tenant that says the same, or None."""
        known = self._known.get((tenant, _saying(text)))
        if known is None:
            return None
        asked = _known(text=text, key="")
        return known.key if known.order == asked.order and _cosine(known, asked) >= CLOSE else None


def _words(text: str) -> list[str]:
    return [match.group(0) for match in _WORD.finditer(text.lower())]


def _saying(text: str) -> str:
    """Numbers, negations and content words, each as often as they stand there."""
    return " ".join(sorted(word for word in _words(text) if word not in _SMALL))


def _known(*, text: str, key: str) -> _Known:
    grams = hashed(text=prepared(view=View(text=text, original_length=len(text))))
    buckets, counts = np.unique(np.concatenate(grams), return_counts=True)
    # The order of what is said matters too: a dog bites a man, a man bites a dog.
    order = tuple(word for word in _words(text) if word not in _SMALL or word in _NEGATIONS)
    return _Known(key=key, order=order, buckets=buckets, counts=counts)


def _cosine(one: _Known, other: _Known) -> float:
    _, ours, theirs = np.intersect1d(one.buckets, other.buckets, assume_unique=True, return_indices=True)
    product = float(one.counts[ours] @ other.counts[theirs])
    return product / math.sqrt(float(one.counts @ one.counts) * float(other.counts @ other.counts))
