"""Counts the units of a text: words, characters, sentences, lines, paragraphs."""

import re
from collections.abc import Callable, Mapping

_WORD = re.compile(r"[^\W_]+(?:['’.,:@/_-][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?:\s|$)")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|Mr|Mrs|Ms|Dr|Prof|No|approx|Inc|Ltd|St)\.")
_MARKER = re.compile(r"(?m)^\s*(?:[-*•+]|\d{1,3}[.)]|#{1,6})\s+")


def words(text: str) -> int:
    """Words: runs of letters and digits; "well-known", "3.5" and "don't" are one each."""
    return sum(1 for _ in _WORD.finditer(text))


def characters(text: str) -> int:
    """Characters, blanks included, outer blanks not."""
    return len(text.strip())


def lines(text: str) -> int:
    """Lines that hold something."""
    return sum(1 for line in text.splitlines() if line.strip())


def paragraphs(text: str) -> int:
    """Blocks of lines between empty lines."""
    return sum(1 for block in re.split(r"\n[ \t]*\n", text.strip()) if block.strip())


def sentences(text: str) -> int:
    """Sentences by their end marks; a line without one counts as one when it holds words."""
    plain = _MARKER.sub("", _ABBREVIATION.sub("x", text))
    total = 0
    for line in plain.splitlines():
        pieces = [piece for piece in _SENTENCE_END.split(line) if _WORD.search(piece)]
        total += len(pieces)
    return total


UNITS: Mapping[str, Callable[[str], int]] = {
    "word": words,
    "character": characters,
    "letter": characters,
    "sentence": sentences,
    "line": lines,
    "paragraph": paragraphs,
}
"""How each unit, in the singular, is counted."""
