"""Divides a text into chunks: by headings first, then by paragraphs, sentences, words; with some overlap.

A chunk is exactly a stretch of the text, its offsets say which, and every character that is not a space lies
in at least one chunk.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from arms.retriever.documents import Chunk
from arms.retriever.reading.text import Heading, Text

UNIT_END = re.compile(r"[.!?][\"')\]]*[ \t]+|[。！？]|\n+")  # noqa: RUF001  # full-width marks end sentences too
PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
SEPARATOR = " > "


@dataclass(frozen=True, kw_only=True)
class ChunkingRules:
    """How large chunks are.

    Attributes:
        most: characters of a chunk at most.
        overlap: characters of the one before that a chunk repeats at most.
        section_most: characters kept of the headings a chunk stands under.
    """

    most: int = 900
    overlap: int = 150
    section_most: int = 300


@dataclass(frozen=True)
class Span:
    """Characters ``start`` to ``end``."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Section:
    """A span, and the headings it stands under."""

    span: Span
    path: str


def chunk_text(text: Text, *, rules: ChunkingRules) -> list[Chunk]:
    """Divide a text.

    Args:
        text: what was read out of the document.
        rules: how large chunks are.

    Returns:
        The chunks in order; none when the text is blank.
    """
    return [
        Chunk(text=text.body[span.start : span.end], start=span.start, end=span.end, section=section.path)
        for section in _sections(text, most=rules.section_most)
        for span in _pack(_units(text.body, section.span, most=rules.most), text.body, rules=rules)
    ]


def _sections(text: Text, *, most: int) -> Iterator[Section]:
    """One section from each heading to the next; a heading without text goes with what follows."""
    starts = [0, *(heading.offset for heading in text.headings)]
    ends = [*starts[1:], len(text.body)]
    open_headings: list[Heading] = []
    pending = 0
    for start, end, heading in zip(starts, ends, [None, *text.headings], strict=True):
        if heading is not None:
            open_headings = [above for above in open_headings if above.level < heading.level] + [heading]
        only_heading = heading is not None and not _below_heading(text.body[start:end], heading).strip()
        if only_heading and end < len(text.body):
            continue
        path = SEPARATOR.join(above.title for above in open_headings)
        yield Section(span=Span(pending, end), path=path[:most])
        pending = end


def _below_heading(section: str, heading: Heading) -> str:
    first_line, _, below = section.lstrip().partition("\n")
    return below.lstrip("=-\n \t") if heading.title in " ".join(first_line.split()) else section


def _units(body: str, span: Span, *, most: int) -> Iterator[Span]:
    """The sentences and lines of a section, none longer than ``most``."""
    start = span.start
    ends = (found.end() for found in UNIT_END.finditer(body, span.start, span.end))
    for end in chain(ends, [span.end]):
        trimmed = _trim(body, start, end)
        start = end
        if trimmed:
            yield from _cut_words(body, trimmed, most=most)


def _cut_words(body: str, unit: Span, *, most: int) -> Iterator[Span]:
    """A unit in parts of at most ``most`` characters, cut behind words where there are any."""
    start = unit.start
    while unit.end - start > most:
        cut = _word_end(body, start, most=most)
        yield Span(start, start + len(body[start:cut].rstrip()))
        start = cut
        while body[start].isspace():  # the unit ends with a character that is none
            start += 1
    yield Span(start, unit.end)


def _trim(body: str, start: int, end: int) -> Span | None:
    stretch = body[start:end]
    kept = stretch.strip()
    if not kept:
        return None
    begin = start + len(stretch) - len(stretch.lstrip())
    return Span(begin, begin + len(kept))


def _word_end(body: str, start: int, *, most: int) -> int:
    """Where to cut a unit that is too long: behind its last whole word, if that is not far back."""
    cut = body.rfind(" ", start + most // 2, start + most)
    return cut if cut > start else start + most


def _pack(units: Iterator[Span], body: str, *, rules: ChunkingRules) -> Iterator[Span]:
    """Join units to chunks of at most ``most`` characters; each begins with the end of the one before."""
    repeated: list[Span] = []
    held: list[Span] = []
    for unit in units:
        while held and unit.end - (repeated or held)[0].start > rules.most:
            cut = _cut(held, body)
            yield Span((repeated or held)[0].start, held[cut - 1].end)
            done, held = repeated + held[:cut], held[cut:]
            least = max(done[-1].end - rules.overlap, unit.end - rules.most)
            repeated = [span for span in done if span.start >= least]
        held.append(unit)
    if held:
        yield Span((repeated or held)[0].start, held[-1].end)


def _cut(held: Sequence[Span], body: str) -> int:
    """How many units the chunk takes: up to the end of a paragraph in its second half, or all."""
    half = (held[0].start + held[-1].end) // 2
    for index in range(len(held) - 1, 0, -1):
        if held[index - 1].end < half:
            break
        if PARAGRAPH_END.search(body, held[index - 1].end, held[index].start):
            return index
    return len(held)
