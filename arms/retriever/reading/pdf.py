"""PDF by pypdf, which is pure Python: a damaged file can waste time and memory, both bounded, and no more."""

import io
import logging
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError

from arms.retriever.reading.text import MAX_CHARACTERS, Heading, Text, clean, too_much_text
from servicekit.errors import ValidationFailedError

LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\xad": None}
)
"""How typesetters print letters, against how people search for them."""

BETWEEN_PAGES = "\n\n"


def read_pdf(content: bytes) -> Text:
    """Read a PDF's text, page by page; each page is a section.

    Raises:
        ValidationFailedError: it is damaged, or encrypted with a password.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it comments on every flaw of every file
    try:
        pages = list(_pages(content))
    except ValidationFailedError:
        raise
    except (FileNotDecryptedError, DependencyError) as error:
        raise _unreadable("the PDF is encrypted: remove its password", reason="DOCUMENT_ENCRYPTED") from error
    except MemoryError:
        raise
    except Exception as error:  # a damaged file breaks a parser in any way
        raise _unreadable("the PDF is damaged and cannot be read", reason="DOCUMENT_DAMAGED") from error
    return Text(body="".join(pages), headings=tuple(_headings(pages)))


def _pages(content: bytes) -> Iterator[str]:
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):  # many are encrypted with an empty password
        raise _unreadable("the PDF is encrypted: remove its password", reason="DOCUMENT_ENCRYPTED")
    length = 0
    for page in reader.pages:
        text = clean(page.extract_text()).translate(LIGATURES) + BETWEEN_PAGES
        length += len(text)
        if length > MAX_CHARACTERS:
            raise too_much_text()
        yield text


def _headings(pages: list[str]) -> Iterator[Heading]:
    offset = 0
    for number, page in enumerate(pages, start=1):
        yield Heading(offset=offset, level=1, title=f"Page {number}")
        offset += len(page)


def _unreadable(message: str, *, reason: str) -> ValidationFailedError:
    return ValidationFailedError(
        message,
        field="content",
        constraint="must be a PDF that can be read without a password",
        reason=reason,
    )
