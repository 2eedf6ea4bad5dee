"""Reads again only what a reading changed, with what stands near: the rest was read before."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reflex.view import BETWEEN, Offsets, View, code_points

Places = NDArray[np.intp]

LONG = 16_000
"""Characters from which a reading is narrowed; a shorter one is read again as a whole."""
AROUND = 2000
"""Characters before and after a change that are read with it: more than evidence may lie apart."""
_WORTH = 0.75
"""Share of a reading above which leaving the rest out saves nothing."""


def narrowed(*, view: View, reading: View) -> View:
    """A reading without what is the same in the view and stands far from what is not.

    Args:
        view: what was read already; what was decoded is read again as a whole.
        reading: made from it, in the same order.
    """
    if len(reading.text) < LONG or view.ends is not None:
        return reading
    return near(reading=reading, places=_changes(view=view, reading=reading))


def near(*, reading: View, places: Places) -> View:
    """A reading without what stands far from some places in it; all of it where that saves nothing."""
    if len(reading.text) < LONG or not len(places):
        return reading
    parts = np.clip(_parts(places=places), 0, len(reading.text))
    if (parts[:, 1] - parts[:, 0]).sum() > _WORTH * len(reading.text):
        return reading
    texts = [reading.text[first:last] for first, last in parts]
    return replace(
        reading,
        text=BETWEEN.join(texts),
        origin=_joined(_origin(reading), parts),
        ends=None if reading.ends is None else _joined(reading.ends, parts),
        partial=True,
    )


def _origin(view: View) -> Offsets:
    return np.arange(len(view.text), dtype=np.int32) if view.origin is None else view.origin


def _changes(*, view: View, reading: View) -> Places:
    """Where a reading differs from a view, and where something was left out of the view."""
    old, new = code_points(view.text), code_points(reading.text)
    picked = _origin(reading)
    if view.origin is not None:
        picked = np.minimum(np.searchsorted(view.origin, picked), len(old) - 1)
    changed = new != old[picked]
    left_out = np.flatnonzero(np.diff(picked, prepend=-1, append=len(old)) != 1)
    changed[np.minimum(left_out, len(changed) - 1)] = True
    return np.flatnonzero(changed)


def _parts(*, places: Places) -> Places:
    """Stretches around places, joined where they meet: a row for each, its start and its end."""
    apart = np.flatnonzero(np.diff(places) > 2 * AROUND)
    firsts, lasts = places[np.append(0, apart + 1)], places[np.append(apart, len(places) - 1)]
    return np.stack((firsts - AROUND, lasts + AROUND + 1), axis=1)


def _joined(numbers: Offsets, parts: Places) -> Offsets:
    """Numbers of the parts; what stands between them belongs to the character before it."""
    pieces = list[Offsets]()
    for first, last in parts:
        pieces += [numbers[first:last], np.repeat(numbers[last - 1], len(BETWEEN))]
    return np.concatenate(pieces[:-1])
