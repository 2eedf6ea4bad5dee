"""Reads again only what a reading changed, with what stands near: the rest was read before."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reflex.view import Offsets, View, code_points

Places = NDArray[np.intp]

LONG = 16_000
"""Characters from which a reading is narrowed; a shorter one is read again as a whole."""
_AROUND = 2000
"""Characters before and after a change that are read with it: more than evidence may lie apart."""
_WORTH = 0.75
"""Share of a reading above which leaving the rest out saves nothing."""
_BETWEEN = ".\n\n"
"""Stands between parts that lie apart, so that none is read as the context of the next."""


def narrowed(*, view: View, reading: View, picked: Offsets | None) -> View:
    """A reading without what is the same in the view and stands far from what is not.

    Args:
        view: what was read already.
        reading: made from it, in the same order.
        picked: for each of its characters the offset in the view; None when each stands where it stood.
    """
    if len(reading.text) < LONG:
        return reading
    parts = _parts(places=_changes(old=code_points(view.text), new=code_points(reading.text), picked=picked))
    parts = np.clip(parts, 0, len(reading.text))
    if not len(parts) or (parts[:, 1] - parts[:, 0]).sum() > _WORTH * len(reading.text):
        return reading
    origin = np.arange(len(reading.text), dtype=np.int32) if reading.origin is None else reading.origin
    texts = [reading.text[first:last] for first, last in parts]
    return replace(
        reading,
        text=_BETWEEN.join(texts),
        origin=_joined(origin, parts),
        ends=None if reading.ends is None else _joined(reading.ends, parts),
        partial=True,
    )


def _changes(*, old: NDArray[np.int32], new: NDArray[np.int32], picked: Offsets | None) -> Places:
    """Where the new text differs, and where something was left out of the old one."""
    if picked is None:
        return np.flatnonzero(new != old)
    changed = new != old[picked]
    left_out = np.flatnonzero(np.diff(picked, prepend=-1, append=len(old)) != 1)
    changed[np.minimum(left_out, len(changed) - 1)] = True
    return np.flatnonzero(changed)


def _parts(*, places: Places) -> Places:
    """Stretches around places, joined where they meet: a row for each, its start and its end."""
    apart = np.flatnonzero(np.diff(places) > 2 * _AROUND)
    firsts = places[np.append(0, apart + 1)] if len(places) else places
    lasts = places[np.append(apart, len(places) - 1)] if len(places) else places
    return np.stack((firsts - _AROUND, lasts + _AROUND + 1), axis=1)


def _joined(numbers: Offsets, parts: Places) -> Offsets:
    """Numbers of the parts; what stands between them belongs to the character before it."""
    pieces = list[Offsets]()
    for first, last in parts:
        pieces += [numbers[first:last], np.repeat(numbers[last - 1], len(_BETWEEN))]
    return np.concatenate(pieces[:-1])
