"""What every character becomes in one reading, as arrays over all code points."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reflex.view import Offsets, code_points

_POINTS = 0x110000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A text after its characters were replaced.

    Attributes:
        text: the new text.
        picked: for each new character the offset of its source; None when each stands where it stood.
        only_hidden: nothing was replaced, characters were only left out.
    """

    text: str
    picked: Offsets | None
    only_hidden: bool


class CharacterMap:
    """Replaces each character by none, one or several.

    Arrays over all of Unicode cost little: pages of zeros are never written and take no memory.

    Args:
        characters: all those that may become something else.
        rule: what a character becomes.
    """

    def __init__(self, *, characters: Iterable[str], rule: Callable[[str], str]) -> None:
        self._shift: NDArray[np.int32] = np.zeros(_POINTS, dtype=np.int32)
        self._more: NDArray[np.int8] = np.zeros(_POINTS, dtype=np.int8)
        self._spelled: NDArray[np.int32] = np.zeros(_POINTS, dtype=np.int32)
        letters = list[int]()
        for character in characters:
            becomes, code = rule(character), ord(character)
            self._more[code] = len(becomes) - 1
            if becomes:
                self._shift[code] = ord(becomes[0]) - code
            if len(becomes) > 1:
                self._spelled[code] = len(letters)
                letters.extend(map(ord, becomes))
        self._letters = np.array(letters, dtype=np.int32)

    def rewrite(self, *, text: str) -> Rewritten | None:
        """The text with every character replaced; None when it stays as it is."""
        codes = code_points(text)
        shift, more = self._shift[codes], self._more[codes]
        moved, resized = bool(shift.any()), bool(more.any())
        if not moved and not resized:
            return None
        if not resized:
            return Rewritten(text=_text(codes + shift), picked=None, only_hidden=False)
        counts = more + np.int8(1)
        picked = np.repeat(np.arange(len(codes), dtype=np.int32), counts)
        written = (codes + shift)[picked]
        several = np.flatnonzero(more[picked] > 0)
        if len(several):
            firsts = np.cumsum(counts, dtype=np.int32) - counts
            sources = picked[several]
            ordinals = several - firsts[sources]
            written[several] = self._letters[self._spelled[codes[sources]] + ordinals]
        return Rewritten(text=_text(written), picked=picked, only_hidden=not moved and not len(several))


def _text(codes: NDArray[np.int32]) -> str:
    return codes.tobytes().decode("utf-32-le", "surrogatepass")
