"""The semantic tier of the value cache, off by default: finds a text that was put before and says the same.

Nearness alone is not sameness: a lone "not" leaves a cosine above 0.95. The words, numbers and signs must be
the same too, in their order; what may differ is case, spacing, punctuation and small words.
"""

import math
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from reflex.cache.bounded import BoundedCache, held_bytes
from reflex.data_files import data_lines
from reflex.regex import compile_regex
from reflex.scoring.features import hashed, prepared
from reflex.view import View

CLOSE = 0.95
"""Least cosine between the n-gram counts of two texts."""
LONGEST = 8000
"""Characters from which a text is found only as it was put: comparing is done on the event loop."""

_SAID = compile_regex(r"([\p{L}\p{M}\p{N}_]+(?:['.,:/-][\p{L}\p{M}\p{N}_]+)*)!*|([\p{S}#%&*/\\@!-])")
"""Words, and the signs that change what is said: 5 - 3, C++, 50 %, != ; an exclamation is no sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownText:
    """A text that was put, and the key of its value."""

    text: str
    key: str


class NearTexts:
    """Remembers texts by what they say, for as long as their values are kept.

    Args:
        cache: where they are.
    """

    def __init__(self, *, cache: BoundedCache[KnownText]) -> None:
        self._known = cache
        self._small = frozenset(data_lines("small_words.txt"))

    def add(self, *, tenant: str, text: str, key: str, ttl: float) -> None:
        """Remember for `ttl` seconds that a value stands under `key` for this text."""
        if len(text) < LONGEST:
            known = KnownText(text=text, key=key)
            self._known.put(self._place(tenant=tenant, text=text), known, size=held_bytes(text), ttl=ttl)

    def find(self, *, tenant: str, text: str) -> str | None:
        """The key of a text of this tenant that says the same, or None."""
        kept = self._known.get(self._place(tenant=tenant, text=text)) if len(text) < LONGEST else None
        if kept is None:
            return None
        return kept.value.key if _cosine(kept.value.text, text) >= CLOSE else None

    def _place(self, *, tenant: str, text: str) -> str:
        """Equal for texts of a tenant that say the same words in the same order."""
        said = [match.group(1) or match.group(2) for match in _SAID.finditer(text.lower())]
        return sha256(repr((tenant, [it for it in said if it not in self._small])).encode()).hexdigest()


def _cosine(one: str, other: str) -> float:
    ours, our_counts = _grams(one)
    theirs, their_counts = _grams(other)
    _, here, there = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    lengths = float(our_counts @ our_counts) * float(their_counts @ their_counts)
    return float(our_counts[here] @ their_counts[there]) / math.sqrt(lengths) if lengths else 0.0


def _grams(text: str) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The buckets of a text's n-grams, and how often each is there."""
    grams = hashed(text=prepared(view=View(text=text, original_length=len(text))))
    none = np.empty(0, dtype=np.uint32)
    return np.unique(np.concatenate([none, *grams]), return_counts=True)
