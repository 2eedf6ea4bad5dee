"""Writes out what is escaped in place: percent signs, entities, Unicode escapes; all of a text at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from html.entities import html5

import numpy as np
from numpy.typing import NDArray

from reflex.readings.embedded import DecodeBudget, in_original
from reflex.view import Offsets, View, code_points

Codes = NDArray[np.int32]
Escapes = tuple[Offsets, Offsets, Codes]
"""Where escapes begin and end, in order, and the code point that each stands for."""

_UNKNOWN = 0xFFFD
_HIGHEST = 0x10FFFF
_GOES_ON = 0b10
"""First two bits of a UTF-8 byte that begins no character."""
_HIGH_HALF, _LOW_HALF = 0b110110, 0b110111
"""First six bits of the two halves of a character in UTF-16."""
_NAMES = {name[:-1]: ord(sign) for name, sign in html5.items() if name.endswith(";") and len(sign) == 1}
_LONGEST = 33
"""Characters of the longest name with its semicolon."""


def _digits() -> NDArray[np.int8]:
    values = np.full(128, -1, dtype=np.int8)
    for value, digit in enumerate("0123456789abcdef"):
        values[ord(digit)] = values[ord(digit.upper())] = value
    return values


_HEX = _digits()


def unescaped(*, view: View, kinds: Collection[str], budget: DecodeBudget) -> View | None:
    """The view with its escapes written out; None when there are none, or the budget is spent.

    Args:
        view: where to look.
        kinds: of percent, entity and unicode_escape those to look for.
        budget: shared; reduced by what is done.
    """
    if not kinds or view.depth >= budget.depth:
        return None
    codes = code_points(view.text)
    starts, ends, values = _in_order([_FINDERS[kind](view.text, codes) for kind in kinds])
    fits = np.cumsum(ends - starts) <= budget.characters
    if not fits.all():
        budget.leave(view=view, start=int(starts[~fits][0]), end=int(ends[-1]))
    starts, ends, values = starts[fits], ends[fits], np.where(values > _HIGHEST, _UNKNOWN, values)[fits]
    if not len(starts):
        return None
    budget.characters -= int((ends - starts).sum())
    inside = np.zeros(len(codes) + 1, dtype=np.int32)
    inside[starts + 1] += 1
    inside[ends] -= 1
    kept = np.flatnonzero(np.cumsum(inside[:-1]) == 0).astype(np.int32)
    written, past = codes.copy(), np.arange(1, len(codes) + 1, dtype=np.int32)
    written[starts], past[starts] = values, ends
    text = written[kept].tobytes().decode("utf-32-le", "surrogatepass")
    derived = view.derive(text=text, encoding="+".join(sorted(kinds)), picked=kept)
    return replace(derived, ends=in_original(view=view, ends=past[kept]), depth=view.depth + 1)


def _in_order(found: Sequence[Escapes]) -> Escapes:
    """Escapes of all kinds by place; of two that overlap, such as &#x%41;, the first."""
    starts, ends, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(starts, kind="stable")
    starts, ends, values = starts[order], ends[order], values[order]
    apart = np.ones(len(starts), dtype=np.bool_)
    apart[1:] = starts[1:] >= np.maximum.accumulate(ends)[:-1]
    return starts[apart], ends[apart], values[apart]


def _percent(_text: str, codes: Codes) -> Escapes:
    """%41; bytes above ASCII are read as UTF-8 where they follow each other."""
    starts, values = _fixed(codes=codes, mark="%", digits=2)
    ends = starts + 3
    for length, least in ((4, 0xF0), (3, 0xE0), (2, 0xC0)):
        heads = np.flatnonzero((values >= least) & (values < least + (0x100 - least) // 2))
        heads = heads[heads + length <= len(starts)]
        for step in range(1, length):
            following = heads + step
            continues = values[following] >> 6 == _GOES_ON
            heads = heads[continues & (starts[following] == ends[heads] + 3 * (step - 1))]
        values[heads] &= 0x7F >> length
        gone = np.zeros(len(starts), dtype=np.bool_)
        for step in range(1, length):
            values[heads] = values[heads] << 6 | (values[heads + step] & 0x3F)
            gone[heads + step] = True
        ends[heads] = starts[heads] + 3 * length
        starts, ends, values = starts[~gone], ends[~gone], values[~gone]
    return starts, ends, values


def _unicode(_text: str, codes: Codes) -> Escapes:
    r"""\u0041, and \ud83d\ude00 for one character."""
    starts, values = _fixed(codes=codes, mark="\\u", digits=4)
    ends = starts + 6
    pairs = np.flatnonzero(
        (values[:-1] >> 10 == _HIGH_HALF) & (values[1:] >> 10 == _LOW_HALF) & (starts[1:] == ends[:-1])
    )
    values[pairs] = 0x10000 + ((values[pairs] & 0x3FF) << 10) + (values[pairs + 1] & 0x3FF)
    ends[pairs] = ends[pairs + 1]
    kept = np.ones(len(starts), dtype=np.bool_)
    kept[pairs + 1] = False
    return starts[kept], ends[kept], values[kept]


def _entities(text: str, _codes: Codes) -> Escapes:
    """&amp;, &#65; and &#x41;."""
    starts, ends, values = list[int](), list[int](), list[int]()
    known = dict[str, int | None]()
    place = text.find("&")
    for part in text[place + 1 :].split("&") if place >= 0 else ():
        name, mark, _ = part[:_LONGEST].partition(";")
        if mark:
            if name not in known:
                known[name] = _entity(name)
            value = known[name]
            if value is not None:
                starts.append(place)
                ends.append(place + len(name) + 2)
                values.append(value)
        place += len(part) + 1
    return tuple(np.array(numbers, dtype=np.int32) for numbers in (starts, ends, values))  # type: ignore[return-value]


def _entity(name: str) -> int | None:
    if not name.startswith("#"):
        return _NAMES.get(name)
    try:
        value = int(name.lstrip("#xX"), base=16 if name[1:2] in {"x", "X"} else 10)
    except ValueError:
        return None
    return min(value, _HIGHEST + 1) or _UNKNOWN


def _fixed(*, codes: Codes, mark: str, digits: int) -> tuple[Offsets, Codes]:
    """Where a mark with so many hexadecimal digits stands, and the number they make."""
    starts = np.flatnonzero(codes[: max(0, len(codes) - len(mark) - digits + 1)] == ord(mark[0]))
    for step, character in enumerate(mark[1:], start=1):
        starts = starts[codes[starts + step] == ord(character)]
    values = np.zeros(len(starts), dtype=np.int32)
    for step in range(len(mark), len(mark) + digits):
        read = _HEX[np.minimum(codes[starts + step], 127)]
        starts, values = starts[read >= 0], (values[read >= 0] << 4) + read[read >= 0]
    return starts.astype(np.int32), values.astype(np.int32)


_FINDERS: Mapping[str, Callable[[str, Codes], Escapes]] = {
    "percent": _percent,
    "entity": _entities,
    "unicode_escape": _unicode,
}
