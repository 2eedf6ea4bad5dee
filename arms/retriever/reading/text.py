"""What every kind of document becomes: clean text, with the places of its headings."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from servicekit.errors import ValidationFailedError

MAX_CHARACTERS = 32 * 1024 * 1024
"""Characters of text that one document may hold: no text file can hold more, a compressed one could."""

UNWANTED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
"""Control characters without a meaning in text, and what no text column can hold."""

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, kw_only=True)
class Heading:
    """Where a section begins.

    Attributes:
        offset: of the first character of the section, its heading included.
        level: 1 is the highest.
        title: the heading's words.
    """

    offset: int
    level: int
    title: str


@dataclass(frozen=True, kw_only=True)
class Text:
    """A document's text.

    Attributes:
        body: lines end with line feeds only; offsets count its characters.
        headings: by offset.
    """

    body: str
    headings: Sequence[Heading] = ()


def decode_marked(content: bytes) -> str | None:
    """Decode by the byte order mark; None when there is none.

    Raises:
        ValidationFailedError: what follows the mark is not in that encoding.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decode(content, encoding)
    return None


def decode_utf8(content: bytes) -> str:
    """Decode UTF-8, or what the byte order mark says.

    Raises:
        ValidationFailedError: it is in another encoding, or not text at all.
    """
    text = decode_marked(content)
    if text is None:
        text = _decode(content, "utf-8")
    if "\x00" in text:
        raise ValidationFailedError(
            "the document has NUL characters: it is not text",
            field="content",
            constraint="must be text in UTF-8",
            reason="DOCUMENT_NOT_TEXT",
        )
    return text


def clean(text: str) -> str:
    """Line feeds as the only newlines, and a replacement character for what is no character of a text."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return UNWANTED.sub("\ufffd", text)


def too_much_text() -> ValidationFailedError:
    """The error for a document that unpacks to more than any may hold."""
    return ValidationFailedError(
        f"the document unpacks to more than {MAX_CHARACTERS} characters of text",
        field="content",
        constraint=f"must hold at most {MAX_CHARACTERS} characters of text",
        reason="DOCUMENT_TOO_LONG",
    )


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValidationFailedError(
            f"the document is not {encoding.removesuffix('-sig').upper()} at byte {error.start}: "
            "convert it, or begin it with a byte order mark",
            field="content",
            constraint="must be text in UTF-8",
            reason="DOCUMENT_NOT_TEXT",
        ) from error
