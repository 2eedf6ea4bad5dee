"""Hashed character n-grams of a text, as the scorer was trained on them."""

import numpy as np
from numpy.typing import NDArray

from reflex.view import View, code_points

LENGTHS = (3, 4, 5, 6)
"""Characters of the n-grams: from syllables to words with the space beside them."""
BUCKETS_LOG2 = 17
"""2^17 weights: the file stays at 128 KiB, and a text's few thousand n-grams hardly collide."""

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
