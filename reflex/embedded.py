"""Decodes what is embedded in a text (base64, hex, percent, entities, escapes), bounded in depth and size."""

import base64
import binascii
import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reflex.regex import Regex, compile_regex
from reflex.view import Offsets, View

_BASE64 = compile_regex(r"(?:[A-Za-z0-9+/_-]{16,}(?:\r?\n)?)+={0,2}")
_HEX = compile_regex(r"(?i)(?:(?:\\x|0x)?[0-9a-f]{2}[ :,]{0,2}){7,}(?:\\x|0x)?[0-9a-f]{2}\b")
_NO_SEPARATORS = str.maketrans("", "", " :,")
_ESCAPES: Mapping[str, tuple[Regex, Callable[[str], str]]] = {
    "percent": (
        compile_regex(r"(?:%[0-9A-Fa-f]{2})+"),
        lambda run: bytes.fromhex(run.replace("%", "")).decode("utf-8", "replace"),
    ),
    "entity": (compile_regex(r"(?:&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[a-zA-Z]{2,12});)+"), html.unescape),
    "unicode_escape": (
        compile_regex(r"(?:\\u[0-9A-Fa-f]{4})+"),
        lambda run: bytes.fromhex(run.replace("\\u", "")).decode("utf-16-be", "replace"),
    ),
}
"""For each kind of escape its runs, and how a run is written out; a span inside a run is the whole run."""
_SHORTEST = 12
_SAMPLE = 64
_PRINTABLE = 0.9


@dataclass(slots=True, kw_only=True)
class DecodeBudget:
    """What may still be decoded of one text; shared by all its readings.

    Attributes:
        characters: decoded characters left.
        runs: tries left; a hostile text is full of runs that decode to nothing.
        depth: how often a decoded text is decoded again.
    """

    characters: int = 131_072
    runs: int = 400
    depth: int = 2


def decoded_runs(*, view: View, kind: str, budget: DecodeBudget) -> Iterator[View]:
    """Readings of the runs in a view that decode to text.

    Args:
        view: where to look.
        kind: base64 or hex.
        budget: shared; reduced by what is done.

    Yields:
        One view a run; its spans are the whole run.
    """
    pattern, decode = (_BASE64, _from_base64) if kind == "base64" else (_HEX, _from_hex)
    if view.depth >= budget.depth:
        return
    for match in pattern.finditer(view.text):
        if budget.runs <= 0 or budget.characters <= 0:
            return
        budget.runs -= 1
        text = decode(match.group(0))
        if text is None:
            continue
        text = text[: budget.characters]
        budget.characters -= len(text)
        span = view.span(start=match.start(), end=match.end())
        yield replace(view.derive(text=text, encoding=kind), origin=None, whole=span, depth=view.depth + 1)


def unescaped(*, view: View, kind: str, budget: DecodeBudget) -> View | None:
    """The view with its escapes written out; None when there are none or they are too many.

    Args:
        view: where to look.
        kind: percent, entity or unicode_escape.
        budget: shared; reduced by what is done.
    """
    pattern, decode = _ESCAPES[kind]
    pieces, runs = list[str](), list[tuple[int, int, int]]()
    last = 0
    for match in pattern.finditer(view.text):
        start, end = match.span()
        budget.characters -= end - start
        if budget.characters <= 0:
            break
        becomes = decode(match.group(0))
        pieces += [view.text[last:start], becomes]
        runs.append((start, end, len(becomes)))
        last = end
    if not runs:
        return None
    text = "".join([*pieces, view.text[last:]])
    starts, ends = _origins(runs=runs, length=len(view.text))
    written = view.derive(text=text, encoding=kind, picked=starts)
    # Ends are told in this view; one more step takes them to the original.
    real = (
        ends if view.origin is None else np.append(view.origin, view.original_length).astype(np.int32)[ends]
    )
    return replace(written, ends=None if view.whole else real, depth=view.depth + 1)


def _origins(*, runs: Sequence[tuple[int, int, int]], length: int) -> tuple[Offsets, Offsets]:
    """Where each character of the written text begins and ends in the escaped one.

    Args:
        runs: start, end and written length of each run of escapes.
        length: characters of the escaped text.
    """
    starts, ends = list[Offsets](), list[Offsets]()
    last = 0
    for start, end, written in runs:
        between = np.arange(last, start, dtype=np.int32)
        starts += [between, np.full(written, start, dtype=np.int32)]
        ends += [between + 1, np.full(written, end, dtype=np.int32)]
        last = end
    rest = np.arange(last, length, dtype=np.int32)
    return np.concatenate([*starts, rest]), np.concatenate([*ends, rest + 1])


def _from_base64(run: str) -> str | None:
    letters = run.replace("\r", "").replace("\n", "").rstrip("=").replace("-", "+").replace("_", "/")
    if not _is_text(_base64_bytes(letters[:_SAMPLE])):
        return None
    return _readable(_base64_bytes(letters))


def _base64_bytes(letters: str) -> bytes:
    whole = letters[: len(letters) - (1 if len(letters) % 4 == 1 else 0)]
    try:
        return base64.b64decode(whole + "=" * (-len(whole) % 4))
    except (binascii.Error, ValueError):
        return b""


def _from_hex(run: str) -> str | None:
    if not _is_text(_hex_bytes(run[: _SAMPLE * 4])):
        return None
    return _readable(_hex_bytes(run))


def _hex_bytes(run: str) -> bytes:
    digits = run.lower().replace("\\x", "").replace("0x", "").translate(_NO_SEPARATORS)
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def _readable(data: bytes) -> str | None:
    return data.decode("utf-8", "replace") if len(data) >= _SHORTEST and _is_text(data) else None


def _is_text(data: bytes) -> bool:
    """Whether bytes read as text: valid UTF-8 but for a cut end, and hardly a control character."""
    text = data.decode("utf-8", "replace")
    if not text:
        return False
    good = sum(map(text.count, set(filter(lambda c: c.isprintable() or c in "\t\r\n", set(text)))))
    return (good - text.count("\ufffd")) / len(text) >= _PRINTABLE
