"""Reads an output's form: words, sentences, paragraphs, headings, lists, code blocks."""

import re
from dataclasses import dataclass, field

_WORD = re.compile(r"\w+(?:['\u2019.,:/@-]\w+)*")
_NUMBER = r"(?:\*\*)?\(?\d{1,3}[.)](?:\*\*)?"
_ITEM = re.compile(
    rf"^(?P<indent>[ \t]*)(?:(?P<bullet>[-*\u2022\u2013+])|(?P<number>{_NUMBER}))\s+(?P<text>\S.*)$"
)
_HEADING = re.compile(
    r"^\s{0,3}(?:#{1,6}\s+(?P<hashes>.+?)\s*#*|\*\*(?P<bold>[^*\n]{1,100}?)\*\*:?|__(?P<under>[^_\n]+?)__:?)\s*$"
)
_LABEL = re.compile(r"^\s*(?:\*\*|__)?(?P<label>[^\n:]{1,80}?)(?:\*\*|__)?\s*:\s*(?:\*\*|__)?\s*$")
_FENCE = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*\n(.*?)^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE
)
_RULE = re.compile(r"^\s*(?:-{3,}|\*{3,}|_{3,})\s*$")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|approx|Mr|Mrs|Ms|Dr|No|St|p\.m|a\.m)\.\s", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?\u2026]+[\"'\u201d\u2019)\]]*(?=\s|$)|[\u3002\uff01\uff1f]+")
_INLINE = re.compile(r"(?:(?<=\s)|(?<=^)|(?<=:))\(?(\d{1,2})[.)]\s+(?=\S)")
_LABEL_CHARACTERS = 30


@dataclass(frozen=True, kw_only=True)
class ListBlock:
    """One list: what stands over it, and its items without those below them.

    Attributes:
        titles: the heading above and the line that leads in, as far as there are any.
        items: the items.
        numbered: whether the items have numbers.
        nested: whether it stands within an item of another list, which is then its title.
    """

    titles: tuple[str, ...]
    items: tuple[str, ...]
    numbered: bool
    nested: bool = False


@dataclass(frozen=True, kw_only=True)
class CodeBlock:
    """A fenced code block: its language in lower case, empty when not told, and its code."""

    language: str
    code: str


@dataclass(kw_only=True)
class _Open:
    titles: tuple[str, ...]
    numbered: bool
    indent: int
    parent: "_Open | None" = None
    items: list[str] = field(default_factory=list[str])


def words(text: str) -> list[str]:
    """The words; marks and list signs are none."""
    return _WORD.findall(text)


def code_blocks(text: str) -> list[CodeBlock]:
    """The fenced blocks."""
    return [CodeBlock(language=m[2].lower(), code=m[3].rstrip("\n")) for m in _FENCE.finditer(text)]


def without_code(text: str) -> str:
    """The text without its fenced blocks."""
    return _FENCE.sub("", text)


def paragraphs(text: str) -> list[str]:
    """Blocks between blank lines, headings and rulers aside."""
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text.strip()))
    return [block for block in blocks if block and not _HEADING.match(block) and not _RULE.match(block)]


def lines(text: str) -> list[str]:
    """Lines that are not blank."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def headings(text: str) -> list[str]:
    """Markdown headings, and lines that are bold as a whole."""
    return [title for line in without_code(text).splitlines() if (title := _heading(line))]


def sentences(text: str) -> list[str]:
    """Sentences; a list item or a line without a full stop is one as well."""
    found: list[str] = []
    for block in _sentence_blocks(without_code(text)):
        safe = _ABBREVIATION.sub(lambda match: match[0].replace(".", "\u2024"), block)
        start = 0
        for end in _SENTENCE_END.finditer(safe):
            found.append(safe[start : end.end()].strip())
            start = end.end()
        found.append(safe[start:].strip())
    return [sentence for sentence in found if words(sentence)]


def sentence_with(text: str, *, start: int) -> str:
    """The line or sentence around a position, for evidence; with what follows when it is a mere label."""
    before = max(text.rfind(mark, 0, start) for mark in ("\n", ". ", "! ", "? ")) + 1
    after = _end_of_sentence(text, start=start)
    if after - before < _LABEL_CHARACTERS:
        following = re.search(r"\S", text[after:])
        after = _end_of_sentence(text, start=after + following.start()) if following else after
    return text[before:after].strip()


def _end_of_sentence(text: str, *, start: int) -> int:
    ends = [end for mark in ("\n", ". ", "! ", "? ") if (end := text.find(mark, start)) >= 0]
    return min(ends) + 1 if ends else len(text)


def lists(text: str) -> list[ListBlock]:
    """Every list, each item on a line of its own or numbered within a line."""
    blocks: list[_Open] = []
    current: _Open | None = None
    heading, lead = "", ""
    for line in without_code(text).splitlines():
        match = _ITEM.match(line) if not _RULE.match(line) else None
        if match is not None:
            current = _continued(current, match, titles=tuple(filter(None, (heading, lead))))
            if not any(block is current for block in blocks):
                blocks.append(current)
            continue
        if not line.strip():
            continue
        if current is not None and line.startswith((" ", "\t")):
            continue  # goes on with the item
        current = None
        heading, lead = _titles(line, heading=heading)
    return [_closed(block) for block in blocks] + _inline_lists(text)


def _titles(line: str, *, heading: str) -> tuple[str, str]:
    found = _heading(line)
    if found:
        return found, ""
    return heading, line.strip()


def _continued(current: _Open | None, match: re.Match[str], *, titles: tuple[str, ...]) -> _Open:
    """The list that an item belongs to: the open one, one within its last item, or a new one."""
    indent, numbered = len(match["indent"].expandtabs(4)), match["number"] is not None
    while current is not None and indent < current.indent:
        current = current.parent
    if current is not None and indent > current.indent:
        current = _Open(titles=(current.items[-1],), numbered=numbered, indent=indent, parent=current)
    elif current is None or current.numbered is not numbered:
        current = _Open(titles=titles, numbered=numbered, indent=indent)
    current.items.append(match["text"].strip())
    return current


def _closed(block: _Open) -> ListBlock:
    return ListBlock(
        titles=block.titles,
        items=tuple(block.items),
        numbered=block.numbered,
        nested=block.parent is not None,
    )


def _heading(line: str) -> str:
    match = _HEADING.match(line)
    if match is not None:
        return (match["hashes"] or match["bold"] or match["under"] or "").strip(" *_:")
    label = _LABEL.match(line)
    return label["label"].strip() if label is not None and not _ITEM.match(line) else ""


def _inline_lists(text: str) -> list[ListBlock]:
    """Runs such as ``Action items: 1) call, 2) write, 3) test`` within one line."""
    found: list[ListBlock] = []
    for line in without_code(text).splitlines():
        marks = [] if _ITEM.match(line) else list(_INLINE.finditer(line))
        numbers = [int(mark[1]) for mark in marks]
        if numbers[:2] != [1, 2] or numbers != list(range(1, len(numbers) + 1)):
            continue
        ends = [*(mark.start() for mark in marks[1:]), len(line)]
        items = tuple(line[mark.end() : end].strip(" ,;") for mark, end in zip(marks, ends, strict=True))
        found.append(ListBlock(titles=(line[: marks[0].start()].strip(),), items=items, numbered=True))
    return found


def _sentence_blocks(text: str) -> list[str]:
    blocks: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        pending: list[str] = []
        for line in block.splitlines():
            item = _ITEM.match(line)
            if item is not None or _heading(line):
                blocks.append(" ".join(pending))
                pending = []
                if item is not None:
                    pending.append(item["text"])
            else:
                pending.append(line.strip())
        blocks.append(" ".join(pending))
    return [block for block in blocks if block]
