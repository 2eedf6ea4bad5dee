"""Where a text may hold base64: long runs of its letters whose first bytes could be text."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reflex.regex import compile_regex
from reflex.view import Offsets, code_points

_LEAST = 16
"""Letters of the shortest run: three words."""
_WORST = 1
"""Bytes of the first twelve that may be no text: a run of letters that is none hardly has fewer."""
_FEW = 12
"""Runs that are decoded sooner than sifted."""
_WRAPPED = 60
"""Letters of a line that mail programs and PEM go on after."""
_TAIL = compile_regex(r"^((?:\r?\n[A-Za-z0-9+/_-]{1,15})?={0,2})(?:\s|$)")
_ASCII = 128
_CONTROL = np.array(
    [chr(c).isascii() and not (chr(c).isprintable() or chr(c) in "\t\r\n") for c in range(256)]
)
_HIGH, _LEAD = 0x80, 0xC0
"""Least bytes of UTF-8 that are no ASCII, and that begin a character."""
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
    edges = np.flatnonzero(inside[1:] != inside[:-1]).astype(np.int32)
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= _LEAST
    starts, ends = starts[long], ends[long]
    chosen: Sequence[int] = range(len(starts))
    if len(starts) > _FEW:
        chosen = np.flatnonzero(_may_be_text(values=values, starts=starts)).tolist()
    firsts, lasts = starts.tolist(), ends.tolist()
    last = 0
    for index in chosen:
        if firsts[index] >= last:
            last = _past_lines(text=text, starts=firsts, ends=lasts, index=index)
            yield firsts[index], last


def _may_be_text(*, values: NDArray[np.int8], starts: Offsets) -> NDArray[np.bool_]:
    """Whether hardly one of a run's first twelve bytes is a control character or broken UTF-8."""
    quads = values[starts[:, None] + np.arange(_LEAST)].astype(np.uint8).reshape(len(starts), -1, 4)
    one, two, three, four = np.moveaxis(quads, 2, 0)
    data = np.stack((one << 2 | two >> 4, two << 4 | three >> 2, three << 6 | four), axis=2)
    data = data.reshape(len(starts), -1)
    control = _CONTROL[data]
    begins, goes_on = data >= _LEAD, (data & _LEAD) == _HIGH
    after_high = np.zeros_like(begins)
    after_high[:, 1:] = data[:, :-1] >= _HIGH
    after_lead = np.zeros_like(begins)
    after_lead[:, 1:] = begins[:, :-1]
    broken = (goes_on & ~after_high) | (~goes_on & after_lead)
    return (control | broken).sum(axis=1) <= _WORST


def _past_lines(*, text: str, starts: Sequence[int], ends: Sequence[int], index: int) -> int:
    """The end of a run after the lines that go on with it, the last and shorter one too, and its padding."""
    while index + 1 < len(starts) and text[ends[index] : starts[index + 1]] in {"\n", "\r\n"}:
        index += 1
    end = ends[index]
    if text[end : end + 1] not in "\r\n=":
        return end
    if end - starts[index] >= _WRAPPED:
        tail = _TAIL.search(text[end : end + _LEAST + 3])
        return end + tail.end(1) if tail else end
    return end + len(text[end : end + 2]) - len(text[end : end + 2].lstrip("="))
