"""Finds the code in a model's Markdown answer."""

import re
from dataclasses import dataclass

_OPEN = r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*\n"
_CLOSE = r"^[ \t]*\1[ \t]*$"
_FENCE = re.compile(rf"{_OPEN}(.*?)(?:{_CLOSE}|\Z)", re.DOTALL | re.MULTILINE)
_CLOSED = re.compile(rf"{_OPEN}.*?{_CLOSE}", re.DOTALL | re.MULTILINE)

_TAG_LINE = re.compile(r"\s*</?(?:context|earlier_result|review|result|output|answer|text|summary)>\s*")

_NAMES = {
    "py": "python",
    "python3": "python",
    "js": "javascript",
    "ts": "typescript",
    "sh": "bash",
    "shell": "bash",
}


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced code block: its language in lower case (empty when not told), its code."""

    language: str
    code: str


def find_blocks(text: str) -> list[Block]:
    """Every fenced block; one that the end of the text cut off counts too."""
    return [Block(language=canonical(match[2]), code=match[3].rstrip()) for match in _FENCE.finditer(text)]


def words_after_block(text: str) -> int:
    """Characters of words after the last block; 0 while one is open, or there is none."""
    end = max((match.end() for match in _CLOSED.finditer(text)), default=len(text))
    words = text[end:].strip()
    return 0 if _FENCE.search(words) else len(words)


def without_blocks(text: str) -> str:
    """The words around the blocks."""
    return _FENCE.sub("", text).strip()


def without_outer_fence(text: str) -> str:
    """The content of a text that is one single block, as models wrap prose at times; else the text."""
    blocks = find_blocks(text)
    whole = len(blocks) == 1 and not without_blocks(text)
    return (
        blocks[0].code
        if whole and blocks[0].language in {"", "markdown", "md", "text", "plaintext"}
        else text
    )


def without_tags(text: str) -> str:
    """The text without tags alone on its first and last lines, which small models copy from their prompts."""
    lines = text.strip().splitlines()
    while lines and _TAG_LINE.fullmatch(lines[0]):
        lines.pop(0)
    while lines and _TAG_LINE.fullmatch(lines[-1]):
        lines.pop()
    return "\n".join(lines).strip()


def canonical(language: str) -> str:
    """One name for a language."""
    name = language.strip().lower()
    return _NAMES.get(name, name)
