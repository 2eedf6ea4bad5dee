"""The parts of a form while they come: few, with small heads, nothing twice."""

from collections.abc import Callable
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from python_multipart.multipart import parse_options_header

from servicekit.errors import ValidationFailedError

MAX_PARTS = 10
MAX_TEXT_BYTES = 64 * 1024
"""Bytes of a part that is no file."""

IN_MEMORY = 1024 * 1024
"""Bytes of a file that are kept in memory while it comes; the rest goes to disk."""


def _spooled() -> BinaryIO:
    return cast("BinaryIO", SpooledTemporaryFile(max_size=IN_MEMORY))  # lives as long as its part


@dataclass
class Part:
    """One part as it comes.

    Attributes:
        name: the field's.
        filename: the file's; None for a part that is no file.
        headers: by their names in lower case.
        content: what it holds.
        size: bytes of that.
    """

    name: str = ""
    filename: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    content: BinaryIO = field(default_factory=_spooled)
    size: int = 0


class PartReader:
    """What the parser calls.

    Attributes:
        parts: by name, those that are whole.
        ended: whether the closing boundary came.
    """

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}
        self.ended = False
        self._part = Part()
        self._header, self._value = bytearray(), bytearray()
        self._begun = 0

    def callbacks(self) -> Any:
        """By the parser's names."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": _into(lambda: self._header),
            "on_header_value": _into(lambda: self._value),
            "on_header_end": self._end_header,
            "on_headers_finished": self._name,
            "on_part_data": self._write,
            "on_part_end": self._keep,
            "on_end": self._end,
        }

    def close(self) -> None:
        """Let go of the files."""
        for part in (*self.parts.values(), self._part):
            part.content.close()

    def _begin(self) -> None:
        self._begun += 1
        if self._begun > MAX_PARTS:
            raise malformed(f"must have at most {MAX_PARTS} parts")
        self._part = Part()

    def _end_header(self) -> None:
        name = text_of(self._header).lower()
        if name in self._part.headers:
            raise malformed("must give each header of a part once")
        self._part.headers[name] = text_of(self._value).strip()
        self._header.clear()
        self._value.clear()

    def _name(self) -> None:
        kind, options = parse_options_header(self._part.headers.get("content-disposition", "").encode())
        if kind != b"form-data" or not options.get(b"name"):
            raise malformed("must name each part in its Content-Disposition")
        if self._part.headers.get("content-transfer-encoding", "binary") not in {"binary", "8bit", "7bit"}:
            raise malformed("must not encode parts for transfer")
        self._part.name = text_of(options[b"name"])
        if b"filename" in options:
            self._part.filename = text_of(options[b"filename"])

    def _write(self, data: bytes, start: int, end: int) -> None:
        self._part.size += end - start
        if self._part.filename is None and self._part.size > MAX_TEXT_BYTES:
            raise malformed(
                f"must have at most {MAX_TEXT_BYTES} bytes where it is no file", field=self._part.name
            )
        self._part.content.write(data[start:end])

    def _keep(self) -> None:
        if self._part.name in self.parts:
            raise malformed("must be given once", field=self._part.name)
        self.parts[self._part.name] = self._part

    def _end(self) -> None:
        self.ended = True


def malformed(rule: str, *, field: str | None = None) -> ValidationFailedError:
    """The error for a form that breaks a rule."""
    return ValidationFailedError(
        f"{field[:200] if field else 'the form'} {rule}",
        field=field[:200] if field else None,
        constraint=rule,
        reason="MALFORMED_FORM",
    )


def text_of(raw: bytes | bytearray, *, field: str | None = None) -> str:
    """Bytes as text.

    Raises:
        ValidationFailedError: they are not UTF-8, or hold U+0000.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise malformed("must be UTF-8", field=field) from None
    if "\0" in text:
        raise malformed("must not hold U+0000", field=field)
    return text


def _into(target: Callable[[], bytearray]) -> Callable[[bytes, int, int], None]:
    def write(data: bytes, start: int, end: int) -> None:
        target().extend(data[start:end])

    return write
