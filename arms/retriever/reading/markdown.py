"""Markdown stays as it is written; its headings are found by a CommonMark parser, so none in code counts."""

from collections.abc import Iterator
from itertools import accumulate, pairwise

from markdown_it import MarkdownIt

from arms.retriever.reading.text import Heading, Text, clean, decode_utf8


def read_markdown(content: bytes) -> Text:
    """Read a Markdown document.

    Raises:
        ValidationFailedError: it is not text.
    """
    body = clean(decode_utf8(content))
    return Text(body=body, headings=tuple(_headings(body)))


def _headings(body: str) -> Iterator[Heading]:
    """Top-level headings; those within lists and quotes do not divide the document."""
    starts = [0, *accumulate(len(line) + 1 for line in body.split("\n"))]
    tokens = MarkdownIt("commonmark").disable("inline").parse(body)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.level == 0 and opening.map:
            title = " ".join(inline.content.split())
            yield Heading(offset=starts[opening.map[0]], level=int(opening.tag[1:]), title=title)
