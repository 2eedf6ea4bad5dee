"""One reading of a text, such as its decoded or folded form, with the way back to the original's offsets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int32]

BETWEEN = ".\n\n"
"""Stands between parts of a view that lay apart, so that none is read as the context of the next."""

_FEW = 16
"""Spans that are sooner looked up one by one."""


def code_points(text: str) -> NDArray[np.int32]:
    """The code point of each character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A text to scan and where each of its characters came from.

    Attributes:
        text: what is scanned.
        origin: for each character of `text` its offset in the original; None when they are the same.
        original_length: characters of the original.
        ends: for each character where its origin ends, when that is wider than a character: an escape is.
        encoding: how the text was hidden; empty for the plain reading.
        data_rules: whether PII and secrets are looked for here too; not in readings that rewrite digits.
        depth: how many decodings lie between this and the original.
        partial: whether only a part of what it was made from is read again.
        written_out: whether nothing is escaped in it any more.
        foreign: whether it is read only for what its folded reading breaks: attacks in other scripts.
    """

    text: str
    original_length: int
    origin: Offsets | None = None
    ends: Offsets | None = None
    encoding: str = ""
    data_rules: bool = True
    depth: int = 0
    partial: bool = False
    written_out: bool = False
    foreign: bool = False

    def span(self, *, start: int, end: int) -> tuple[int, int]:
        """Where a span of this view lies in the original.

        What was left out of the view right after the span (marks, zero-width characters) belongs to it.
        """
        if self.origin is None:
            return start, end
        first, last = int(self.origin[start]), int(self.origin[end - 1])
        if first > last:
            return last, first + 1
        if self.ends is not None:
            return first, int(self.ends[end - 1])
        following = int(self.origin[end]) if end < len(self.origin) else self.original_length
        return first, max(last + 1, following)

    def spans(self, stretches: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
        """Where spans of this view lie in the original: `span` for thousands."""
        if self.origin is None:
            return stretches
        if len(stretches) < _FEW:
            return [self.span(start=start, end=end) for start, end in stretches]
        starts, ends = np.array(stretches).T
        first, last = self.origin[starts], self.origin[ends - 1]
        if self.ends is None:
            past = np.maximum(last + 1, np.append(self.origin, np.int32(self.original_length))[ends])
        else:
            past = self.ends[ends - 1]
        turned = first > last
        return list(
            zip(
                np.where(turned, last, first).tolist(),
                np.where(turned, first + 1, past).tolist(),
                strict=True,
            )
        )

    def derive(
        self, *, text: str, encoding: str, picked: Offsets | None = None, data_rules: bool | None = None
    ) -> "View":
        """Another reading of this view.

        Args:
            text: the new text.
            encoding: what was undone to get it.
            picked: for each new character its offset in this view; None when each stands where it stood.
            data_rules: see the class; as here when None.
        """
        origin = self.origin
        ends = self.ends
        if picked is not None:
            origin = picked if origin is None else origin[picked]
            ends = None if ends is None else ends[picked]
        return View(
            text=text,
            original_length=self.original_length,
            origin=origin,
            ends=ends,
            encoding="+".join(part for part in (self.encoding, encoding) if part),
            data_rules=self.data_rules if data_rules is None else data_rules,
            depth=self.depth,
        )


_CONTINUATION = 0x80
"""The upper two bits of a UTF-8 byte that begins no character."""


class Bytes:
    """A view's text as UTF-8, with the way from byte offsets back to character offsets."""

    def __init__(self, *, text: str) -> None:
        self.ascii = text.isascii()
        self.data = text.encode("utf-8", "replace")
        self._characters: memoryview | None = None

    def characters(self, stretches: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
        """Stretches of bytes as stretches of characters."""
        if self.ascii or not stretches:
            return stretches
        if self._characters is None:
            raw = np.frombuffer(self.data, dtype=np.uint8)
            starts = (raw & 0xC0) != _CONTINUATION
            self._characters = np.concatenate(([0], np.cumsum(starts))).astype(np.int32).data
        characters = self._characters
        return [(characters[first], characters[last]) for first, last in stretches]
