"""The readings that a text may be meant in: look-alikes folded, encodings decoded, disguises undone."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from reflex.readings.disguise import BY_WORDS, Disguises
from reflex.readings.embedded import DecodeBudget, decoded
from reflex.readings.escapes import unescaped
from reflex.readings.narrow import LONG, narrowed
from reflex.readings.normalise import Normaliser, hidden_tags
from reflex.readings.probes import DISGUISES, ENCODINGS, ESCAPES
from reflex.view import View

_FOLDED = "homoglyph"


class Readings:
    """Makes readings of texts, and further ones of readings.

    Args:
        normaliser: makes plain and folded readings.
        disguises: undoes leet and its like.
    """

    def __init__(self, *, normaliser: Normaliser, disguises: Disguises) -> None:
        self._normaliser = normaliser
        self._disguises = disguises

    def first(self, *, text: str) -> deque[View]:
        """The plain reading, and what is written in invisible characters."""
        plain = self._normaliser.plain(view=View(text=text, original_length=len(text)))
        tags = hidden_tags(text=text)
        return deque([plain] if tags is None else [plain, tags])

    def further(
        self, *, view: View, probes: frozenset[str], attacks: bool, budget: DecodeBudget
    ) -> Iterator[View]:
        """What else a view may mean.

        Args:
            view: that was read.
            probes: disguises and encodings that seem to be in it.
            attacks: whether attacks are looked for: nothing else is in disguises of letters.
            budget: of the text; reduced by what is decoded.
        """
        if not view.data_rules:
            return
        is_folded = view.encoding.endswith(_FOLDED)
        made = list[View]()
        if not is_folded and not view.written_out:
            make = self._apart if len(view.text) < LONG else self._together
            made = list(make(view=view, kinds=probes.intersection(ESCAPES), budget=budget))
            yield from made
        if not is_folded:
            yield from self._decoded(view=view, probes=probes, budget=budget)
        # What was folded as a whole has its disguises undone there; a short text here too, for its accents.
        short = len(view.text) < LONG
        elsewhere = any(reading.encoding.endswith(_FOLDED) and not reading.partial for reading in made)
        if attacks and not view.foreign and (short or not elsewhere):
            cheap = BY_WORDS if short else frozenset[str]()
            suspected = [disguise for disguise in DISGUISES if disguise in probes | cheap]
            yield from self._disguises.undo(view=view, disguises=suspected, budget=budget)

    def _apart(self, *, view: View, kinds: frozenset[str], budget: DecodeBudget) -> Iterator[View]:
        """Look-alikes folded, and escapes written out, each by itself."""
        folded = self._normaliser.folded(view=view)
        if folded is not None:
            yield folded
        written = unescaped(view=view, kinds=kinds, budget=budget)
        if written is not None:
            yield self._normaliser.plain(view=written)

    def _together(self, *, view: View, kinds: frozenset[str], budget: DecodeBudget) -> Iterator[View]:
        """A long view with all escapes written out, then folded: read once more, not once for each.

        What is written out and not folded is read for attacks in other scripts, which folding breaks.
        """
        written = view
        while kinds:
            more = unescaped(view=written, kinds=kinds, budget=budget)
            if more is None:
                break
            written, kinds = self._normaliser.plain(view=more), frozenset(ESCAPES)
        folded = self._normaliser.folded(view=written)
        if folded is not None:
            yield narrowed(view=view, reading=folded)
        if written is not view:
            yield replace(narrowed(view=view, reading=written), foreign=folded is not None, written_out=True)

    def _decoded(self, *, view: View, probes: frozenset[str], budget: DecodeBudget) -> Iterator[View]:
        for kind in ENCODINGS:
            inner = decoded(view=view, kind=kind, budget=budget) if kind in probes else None
            if inner is not None:
                yield self._normaliser.plain(view=inner)
