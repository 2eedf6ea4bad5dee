"""Collects the words of a page into lines and paragraphs, and remembers where its headings stand."""

import re

from arms.retriever.reading.text import MAX_CHARACTERS, Heading, Text, clean, too_much_text

SPACES = re.compile(r"[ \t\n\f\r]+")
PARAGRAPH = "\n\n"
MAX_HEADING = 200


class Writer:
    """Text with the spaces that a browser would show."""

    def __init__(self) -> None:
        self.preformatted = 0
        """How many elements are open in which spaces count."""
        self._parts: list[str] = []
        self._length = 0
        self._at_line_start = True
        self._headings: list[Heading] = []
        self._heading: tuple[int, int, int] | None = None  # offset, index of its first part, level

    def words(self, raw: str) -> None:
        """Take a stretch of text."""
        text = clean(raw)  # entities may stand for any character
        text = text if self.preformatted else SPACES.sub(" ", text)
        if self._at_line_start and not self.preformatted:
            text = text.lstrip(" ")
        if text:
            self._put(text)
            self._at_line_start = text.endswith((" ", "\n"))

    def line(self) -> None:
        """Begin a new line."""
        self._put("\n")
        self._at_line_start = True

    def paragraph(self) -> None:
        """Begin a new paragraph, unless one has just begun."""
        if self._parts and self._parts[-1] != PARAGRAPH:
            self._put(PARAGRAPH)
        self._at_line_start = True

    def cell(self) -> None:
        """Begin a table's next cell."""
        if not self._at_line_start:
            self._put(" | ")
            self._at_line_start = True

    def open_heading(self, level: int) -> None:
        """What follows is a heading."""
        self._heading = (self._length, len(self._parts), level)

    def close_heading(self) -> None:
        """The heading ends."""
        if self._heading is None:
            return
        offset, first, level = self._heading
        self._heading = None
        title = " ".join("".join(self._parts[first:])[: 2 * MAX_HEADING].split())
        if title:
            self._headings.append(Heading(offset=offset, level=level, title=title[:MAX_HEADING]))

    def text(self) -> Text:
        """All of it."""
        return Text(body="".join(self._parts), headings=tuple(self._headings))

    def _put(self, text: str) -> None:
        self._length += len(text)
        if self._length > MAX_CHARACTERS:
            raise too_much_text()
        self._parts.append(text)
