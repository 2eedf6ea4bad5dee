"""Whether a text that is being written need not go on: it says all that was asked for, or goes in circles."""

from collections.abc import Callable

Stop = Callable[[str], bool]
"""Whether a text, as far as it is written, is all that was asked for."""

WINDOW = 1200
"""Characters at the end that are looked at."""

_TIMES = 4
"""So often a passage stands there, word for word, before it counts as a circle."""


def goes_in_circles(text: str) -> bool:
    """Whether the end of a text is one passage over and over again, as small models fall into it.

    They never leave such a circle: what follows costs time and tokens up to the limit, and says nothing.
    """
    return len(text) >= WINDOW and _period(text[-WINDOW:]) <= WINDOW // _TIMES


def _period(text: str) -> int:
    """The least distance at which a text repeats itself: the failure function of Knuth, Morris and Pratt."""
    borders = [0] * len(text)
    for end in range(1, len(text)):
        border = borders[end - 1]
        while border and text[end] != text[border]:
            border = borders[border - 1]
        borders[end] = border + (text[end] == text[border])
    return len(text) - borders[-1]
