"""The plain reading of a text (NFKC, nothing invisible) and its folded reading (look-alikes made Latin)."""

from collections.abc import Callable

import numpy as np

from reflex.characters import TAGS, folded, is_settled, plain
from reflex.view import Offsets, View


class Normaliser:
    """Turns a text into readings, remembering what each character becomes.

    Args:
        remembered: how many characters to remember for each reading; Unicode has more than a text ever uses.
    """

    def __init__(self, *, remembered: int = 20_000) -> None:
        self._plain = _Memory(rule=plain, size=remembered)
        self._folded = _Memory(rule=folded, size=remembered)

    def plain(self, *, view: View) -> View:
        """The reading that every rule sees."""
        return self._rewrite(view=view, memory=self._plain, encoding="") or view

    def folded(self, *, view: View) -> View | None:
        """The reading with look-alikes folded; None when it would be the same."""
        if view.text.isascii():
            return None
        return self._rewrite(view=view, memory=self._folded, encoding="homoglyph")

    @staticmethod
    def _rewrite(*, view: View, memory: "_Memory", encoding: str) -> View | None:
        changed = memory.changed(characters=set(view.text))
        if not changed:
            return None
        table = {ord(character): changed[character] for character in changed}
        rewritten = view.text.translate(table)
        picked = None
        if any(len(becomes) != 1 for becomes in changed.values()):
            picked = _offsets(
                text=view.text, lengths={ord(c): len(becomes) for c, becomes in changed.items()}
            )
        # Invisible characters are the commonest disguise: say so when a rule hits through them.
        hidden = "" if any(changed.values()) or encoding else "invisible"
        return view.derive(text=rewritten, encoding=encoding or hidden, picked=picked)


def hidden_tags(*, text: str) -> View | None:
    """What is written in invisible tag characters; None when there is nothing."""
    if text.isascii() or max(text) < min(TAGS):
        return None
    places = [index for index, character in enumerate(text) if character in TAGS]
    return View(
        text="".join(TAGS[text[index]] for index in places),
        original_length=len(text),
        origin=np.array(places, dtype=np.int32),
        encoding="tags",
    )


def _offsets(*, text: str, lengths: dict[int, int]) -> Offsets:
    """For each character of the rewritten text its offset in `text`."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    special = np.array(sorted(code for code, length in lengths.items() if length != 1), dtype=np.uint32)
    widths = np.array([lengths[int(code)] for code in special], dtype=np.int64)
    places = np.minimum(np.searchsorted(special, codes), len(special) - 1)
    counts = np.where(special[places] == codes, widths[places], 1)
    return np.repeat(np.arange(len(codes), dtype=np.int32), counts)


class _Memory:
    """What characters become, computed once each, bounded."""

    def __init__(self, *, rule: Callable[[str], str], size: int) -> None:
        self._rule = rule
        self._size = size
        self._known: dict[str, str] = {}

    def changed(self, *, characters: set[str]) -> dict[str, str]:
        """Those of the characters that become something else, with what they become."""
        known = self._known
        changed: dict[str, str] = {}
        for character in characters:
            becomes = known.get(character)
            if becomes is None:
                if is_settled(character):
                    continue
                becomes = self._rule(character)
                if len(known) < self._size:
                    known[character] = becomes
            if becomes != character:
                changed[character] = becomes
        return changed
