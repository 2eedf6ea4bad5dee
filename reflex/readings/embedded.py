"""Decodes what is embedded in a text as base64 or hex, bounded in depth and size."""

import binascii
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from reflex.readings.base64_runs import base64_runs
from reflex.regex import compile_regex, spans
from reflex.view import BETWEEN, Bytes, Offsets, View

_HEX = compile_regex(
    r"(?i)(?:\\x|0x|\b)[0-9a-f]{2}[ :,]{0,2}"
    r"(?:(?:\\x|0x)?[0-9a-f]{2}[ :,]{0,2}){6,}(?:\\x|0x)?[0-9a-f]{2}\b"
)
_STANDARD = bytes.maketrans(b"-_", b"+/")
_CONTROLS = bytes(code for code in range(0x80) if not chr(code).isprintable() and chr(code) not in "\t\r\n")
_BREAKS = str.maketrans("", "", "\t\r\n")
_SHORTEST = 12
_SAMPLE = 64
_PRINTABLE = 0.9


@dataclass(slots=True, kw_only=True)
class DecodeBudget:
    """What may still be decoded of one text; shared by all its readings.

    Attributes:
        characters: decoded characters left.
        depth: how often a decoded text is decoded again.
        letters: run together or spaced out that are still cut into words; enough for any attack.
        unread: spans of the original in which more is hidden than could be read.
        unread_data: those of them that may hold more than attacks.
    """

    characters: int = 131_072
    depth: int = 2
    letters: int = 2500
    unread: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    unread_data: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def leave(self, *, view: View, start: int, end: int, data: bool = True) -> None:
        """Note a span of a view for which nothing is left; data may be in it too, or only attacks."""
        (first, _), (_, last) = view.span(start=start, end=start + 1), view.span(start=end - 1, end=end)
        span = (min(first, last), max(first, last))
        self.unread.append(span)
        if data:
            self.unread_data.append(span)


def decoded(*, view: View, kind: str, budget: DecodeBudget) -> View | None:
    """What the runs of one encoding decode to, one after the other; None when nothing is text.

    A span in it is the whole run in the original.

    Args:
        view: where to look.
        kind: base64 or hex.
        budget: shared; reduced by what is done.
    """
    if view.depth >= budget.depth:
        return None
    find, decode = _ENCODINGS[kind]
    texts, starts, ends = list[str](), list[int](), list[int]()
    for start, end in find(view.text):
        if budget.characters <= 0:
            budget.leave(view=view, start=start, end=len(view.text))
            break
        text = decode(view.text[start:end])
        if text is not None:
            budget.characters -= len(text)
            texts.append(text + BETWEEN)
            starts.append(start)
            ends.append(end)
    if not texts:
        return None
    lengths = [len(text) for text in texts]
    first, past = (np.repeat(np.array(places, dtype=np.int32), lengths) for places in (starts, ends))
    derived = view.derive(text="".join(texts), encoding=kind, picked=first)
    return replace(derived, ends=in_original(view=view, ends=past), depth=view.depth + 1)


def in_original(*, view: View, ends: Offsets) -> Offsets:
    """Ends in a view as ends in the original."""
    if view.ends is not None:
        return view.ends[ends - 1]
    if view.origin is None:
        return ends
    return np.append(view.origin, np.int32(view.original_length))[ends]


def _hex_runs(text: str) -> Iterator[tuple[int, int]]:
    encoded = Bytes(text=text)
    yield from encoded.characters(spans(_HEX, data=encoded.data))


def _from_base64(run: str) -> str | None:
    letters = run.encode().translate(_STANDARD, b"\r\n=")
    if len(letters) > _SAMPLE and not _is_text(_base64_bytes(letters[:_SAMPLE])):
        return None
    return _readable(_base64_bytes(letters))


def _base64_bytes(letters: bytes) -> bytes:
    whole = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def _from_hex(run: str) -> str | None:
    if len(run) > _SAMPLE * 4 and not _is_text(_hex_bytes(run[: _SAMPLE * 4])):
        return None
    return _readable(_hex_bytes(run))


def _hex_bytes(run: str) -> bytes:
    digits = run.lower()
    for part in ("\\x", "0x", " ", ":", ","):
        digits = digits.replace(part, "")
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def _readable(data: bytes) -> str | None:
    return data.decode("utf-8", "replace") if len(data) >= _SHORTEST and _is_text(data) else None


def _is_text(data: bytes) -> bool:
    """Whether bytes read as text: valid UTF-8 but for a cut end, and hardly a control character."""
    if data.isascii():
        return len(data.translate(None, _CONTROLS)) >= _PRINTABLE * len(data) > 0
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd") + len(data) - len(data.translate(None, _CONTROLS))
    if bad > (1 - _PRINTABLE) * len(text):
        return False
    if text.translate(_BREAKS).isprintable():
        return (len(text) - text.count("\ufffd")) / len(text) >= _PRINTABLE
    good = sum(map(text.count, set(filter(lambda c: c.isprintable() or c in "\t\r\n", set(text)))))
    return (good - text.count("\ufffd")) / len(text) >= _PRINTABLE


_ENCODINGS: Mapping[str, tuple[Callable[[str], Iterator[tuple[int, int]]], Callable[[str], str | None]]] = {
    "base64": (base64_runs, _from_base64),
    "hex": (_hex_runs, _from_hex),
}
"""For each encoding where its runs are, and how one is decoded; None for what decodes to no text."""
