"""The plain reading of a text (NFKC, nothing invisible) and its folded reading (look-alikes made Latin)."""

import numpy as np

from reflex.readings.characters import changeable, folded, plain
from reflex.readings.charmap import CharacterMap
from reflex.view import View, code_points

_FIRST_TAG, _LAST_TAG = 0xE0020, 0xE007E
"""Unicode tag characters: invisible, and one-to-one with ASCII."""


class Normaliser:
    """Turns a text into readings; making one takes a tenth of a second."""

    def __init__(self) -> None:
        characters = list(changeable())
        self._plain = CharacterMap(characters=characters, rule=plain)
        self._folded = CharacterMap(characters=characters, rule=folded)

    def plain(self, *, view: View) -> View:
        """The reading that every rule sees."""
        rewritten = self._plain.rewrite(text=view.text)
        if rewritten is None:
            return view
        # Invisible characters are the commonest disguise: say so when a rule hits through them.
        hidden = "invisible" if rewritten.only_hidden else ""
        return view.derive(text=rewritten.text, encoding=hidden, picked=rewritten.picked)

    def folded(self, *, view: View) -> View | None:
        """The reading with look-alikes folded; None when it would be the same."""
        rewritten = None if view.text.isascii() else self._folded.rewrite(text=view.text)
        if rewritten is None:
            return None
        return view.derive(text=rewritten.text, encoding="homoglyph", picked=rewritten.picked)


def hidden_tags(*, text: str) -> View | None:
    """What is written in invisible tag characters; None when there is nothing."""
    if text.isascii():
        return None
    codes = code_points(text)
    places = np.flatnonzero((codes >= _FIRST_TAG) & (codes <= _LAST_TAG)).astype(np.int32)
    if not len(places):
        return None
    return View(
        text=bytes((codes[places] - 0xE0000).astype(np.uint8)).decode("ascii"),
        original_length=len(text),
        origin=places,
        encoding="tags",
    )
