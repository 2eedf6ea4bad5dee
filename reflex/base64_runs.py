"""Where a text may hold base64: long runs of its letters whose first bytes could be text, all runs at once."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reflex.view import Offsets, code_points

_LEAST = 16
"""Letters of the shortest run: three words."""
_WORST = 1
"""Bytes of the first twelve that may be no text: a run of letters that is none hardly has fewer."""
_FEW = 12
"""Runs that are decoded sooner than sifted."""
_ASCII = 128
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _values() -> NDArray[np.int8]:
    """The six bits of each ASCII character in either alphabet; -1 for what is in none."""
    values = np.full(_ASCII, -1, dtype=np.int8)
    for value, letter in enumerate(_LETTERS):
        values[ord(letter)] = value
    for value, letters in ((62, "+-"), (63, "/_")):
        for letter in letters:
            values[ord(letter)] = value
    return values


_VALUES = _values()


def base64_runs(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each run that may decode to text; lines that follow each other are one run."""
    values = _VALUES[np.minimum(code_points(text), _ASCII - 1)]
    inside = np.zeros(len(values) + 2, dtype=np.bool_)
    inside[1:-1] = values >= 0
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= _LEAST
    starts, ends = starts[long], ends[long]
    chosen = range(len(starts))
    if len(starts) > _FEW:
        chosen = np.flatnonzero(_may_be_text(values=values, starts=starts))
    last = 0
    for index in chosen:
        start, end = int(starts[index]), int(ends[index])
        if start < last:
            continue
        last = _past_lines(text=text, end=end, starts=starts, ends=ends, following=int(index) + 1)
        yield start, last


def _may_be_text(*, values: NDArray[np.int8], starts: Offsets) -> NDArray[np.bool_]:
    """Whether hardly one of a run's first twelve bytes is a control character or broken UTF-8."""
    quads = values[starts[:, None] + np.arange(_LEAST)].astype(np.uint8).reshape(len(starts), -1, 4)
    one, two, three, four = np.moveaxis(quads, 2, 0)
    data = np.stack((one << 2 | two >> 4, two << 4 | three >> 2, three << 6 | four), axis=2)
    data = data.reshape(len(starts), -1)
    control = ((data < 0x20) & (data != 0x09) & (data != 0x0A) & (data != 0x0D)) | (data == 0x7F)
    first, begins, continues = data[:, :1], data >= 0xC0, (data & 0xC0) == 0x80
    after_high = np.concatenate((first < 0, data[:, :-1] >= 0x80), axis=1)
    after_begin = np.concatenate((first < 0, begins[:, :-1]), axis=1)
    broken = (continues & ~after_high) | (~continues & after_begin)
    return (control | broken).sum(axis=1) <= _WORST


def _past_lines(*, text: str, end: int, starts: Offsets, ends: Offsets, following: int) -> int:
    """The end of a run after the lines that go on with it, and its padding."""
    while following < len(starts) and text[end : starts[following]] in {"\n", "\r\n"}:
        end = int(ends[following])
        following += 1
    return end + len(text[end : end + 2]) - len(text[end : end + 2].lstrip("="))
