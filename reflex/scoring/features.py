"""Hashed character n-grams of a text and its concepts near each other, as the scorer was trained on them."""

import numpy as np
from numpy.typing import NDArray

from reflex.scoring.concepts import MOST_CONCEPTS, Seen
from reflex.view import View, code_points

LENGTHS = (3, 4, 5, 6)
"""Characters of the n-grams: from syllables to words with the space beside them."""
BUCKETS_LOG2 = 17
"""2^17 weights: the file stays at 128 KiB, and a text's few thousand n-grams hardly collide."""

_TRIPLES_LOG2 = 16
_PAIRS = 2 * MOST_CONCEPTS**2
CONCEPT_BUCKETS = 2**_TRIPLES_LOG2 + _PAIRS + MOST_CONCEPTS
"""Weights of concepts: three in a row share buckets, two and one have their own."""

_REACH, _CLOSE = 60, 18
"""Characters within which concepts belong together, and closely so."""
_BREAK = 15
"""Characters that the end of a sentence counts for."""
_IS_BREAK = np.fromiter((chr(code) in ".!?;\u3002" for code in range(0x10000)), dtype=bool, count=0x10000)
"""Of each code of the basic plane whether it ends a sentence."""
_MOST, _STRETCH = 120, 2048
"""Concepts read in so many characters; ordinary texts have half as many: a flood costs no more."""
_SECONDS = np.arange(1, 8)
_THIRDS = np.array([(first, first + more) for first in range(1, 5) for more in range(1, 4)])
"""How many concepts further on a second and a third are looked for."""

_BASE = np.uint32(0x01000193)
_MIX = np.uint32(0x2C1B3C6D)

Buckets = NDArray[np.uint32]


def prepared(*, view: View) -> str:
    """A view in lower case with single spaces; what looks different and reads the same becomes equal."""
    return f" {' '.join(view.text.lower().split())} "


def hashed(*, text: str) -> list[Buckets]:
    """For each length the bucket of the n-gram that begins at each character.

    The hash is polynomial over code points modulo 2^32 with a final mix, so it is the same on every machine.
    """
    codes = code_points(text).view(np.uint32)
    grams: list[Buckets] = []
    value = codes
    for length in range(2, max(LENGTHS) + 1):
        if len(codes) < length:
            break
        value = value[:-1] * _BASE + codes[length - 1 :]
        if length in LENGTHS:
            mixed = (value ^ value >> np.uint32(15)) * _MIX + np.uint32(length)
            grams.append(mixed >> np.uint32(32 - BUCKETS_LOG2))
    return grams


def concept_grams(*, text: str, seen: Seen) -> tuple[NDArray[np.int64], Buckets]:
    """Concepts alone, in twos and in threes near each other: where each begins, and its bucket.

    Args:
        text: in which they were seen.
        seen: concepts of the text, by place.
    """
    seen = _thinned(seen)
    kinds = seen.kinds
    spread = seen.places + _BREAK * np.cumsum(_IS_BREAK[np.minimum(code_points(text), 0xFFFF)])[seen.places]
    first, second, gap = _together(spread=spread, steps=_SECONDS[:, None])
    pairs = (kinds[first] * MOST_CONCEPTS + kinds[second[0]]) * 2 + (gap > _CLOSE)
    begin, rest, _ = _together(spread=spread, steps=_THIRDS)
    triples = (kinds[begin] * MOST_CONCEPTS + kinds[rest[0]]) * MOST_CONCEPTS + kinds[rest[1]]
    mixed = (triples.astype(np.uint32) * _MIX) >> np.uint32(32 - _TRIPLES_LOG2)
    offsets = (2**_TRIPLES_LOG2, 2**_TRIPLES_LOG2 + _PAIRS)
    buckets = np.concatenate([mixed, pairs + offsets[0], kinds + offsets[1]]).astype(np.uint32)
    return np.concatenate([seen.places[begin], seen.places[first], seen.places]), buckets


def _thinned(seen: Seen) -> Seen:
    """At most so many concepts of each stretch: the first."""
    stretches = seen.places // _STRETCH
    rank = np.arange(len(stretches)) - np.searchsorted(stretches, stretches)
    kept = rank < _MOST
    return Seen(places=seen.places[kept], kinds=seen.kinds[kept])


def _together(
    *, spread: NDArray[np.int64], steps: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Indexes of concepts that lie within reach of each other: first ones, the others, and how far they are.

    Args:
        spread: places, with the ends of sentences drawn out.
        steps: rows of how many concepts further on each of the others is.
    """
    count = len(spread)
    first = np.repeat(np.arange(count), len(steps))
    others = first[None, :] + np.tile(steps, (count, 1)).T
    inside = others[-1] < count
    first, others = first[inside], others[:, inside]
    gap = spread[others[-1]] - spread[first]
    near = gap <= _REACH
    return first[near], others[:, near], gap[near]
