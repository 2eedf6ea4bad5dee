"""Ties the sentences of an answer to the passages that they come from; a mark that leads nowhere goes.

Marks are numbers in brackets, ``[2]``, as the passages are numbered from 1. What comes out is numbered anew,
in the order in which the answer uses them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from arms.retriever.documents import Passage
from arms.retriever.quoting import best_quote, sentences_of, stems_of

_MARK = re.compile(r"[ \t]*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_NUMBER = re.compile(r"\d+")
_SHARED = 2
"""Words that a sentence shares with a passage, at least, to come from it."""


@dataclass(frozen=True, kw_only=True)
class Cited:
    """An answer whose marks all lead to a passage.

    Attributes:
        text: the answer, with marks.
        passages: those that it uses, in the order of their marks; each quotes what the answer says.
        marked: whether the marks were in the answer already, not found by comparing words.
    """

    text: str
    passages: tuple[Passage, ...]
    marked: bool


def with_citations(answer: str, passages: Sequence[Passage]) -> Cited:
    """The answer with marks that hold.

    Args:
        answer: as a model wrote it, with marks or without.
        passages: what it was given, in the order of their numbers.
    """
    marks = [number for number in _numbers(answer) if 1 <= number <= len(passages)]
    text = answer if marks else _marked_by_words(answer, passages)
    used = list(dict.fromkeys(n for n in _numbers(text) if 1 <= n <= len(passages)))
    new_number = {number: place for place, number in enumerate(used, start=1)}
    return Cited(
        text=_renumbered(text, new_number),
        passages=tuple(_quoting(passages[number - 1], text=text, number=number) for number in used),
        marked=bool(marks),
    )


def _numbers(text: str) -> list[int]:
    return [int(number) for mark in _MARK.finditer(text) for number in _NUMBER.findall(mark[1])]


def _renumbered(text: str, new_number: dict[int, int]) -> str:
    def mark(found: re.Match[str]) -> str:
        numbers = [new_number[int(n)] for n in _NUMBER.findall(found[1]) if int(n) in new_number]
        return "".join(f" [{number}]" for number in dict.fromkeys(numbers))

    return _MARK.sub(mark, text).strip()


def _marked_by_words(answer: str, passages: Sequence[Passage]) -> str:
    """The answer with a mark behind each sentence that shares enough words with a passage."""
    stems = [stems_of(passage.text) for passage in passages]
    marked = _MARK.sub("", answer)
    for sentence in sentences_of(marked):
        shared = [len(stems_of(sentence) & found) for found in stems]
        best = max(shared, default=0)
        if best >= min(_SHARED, len(stems_of(sentence)) or _SHARED):
            marked = marked.replace(sentence, f"{sentence} [{shared.index(best) + 1}]", 1)
    return marked


def _quoting(passage: Passage, *, text: str, number: int) -> Passage:
    """The passage, quoting the sentence that supports what the answer says with its mark."""
    said = " ".join(_said_with(text, number=number))
    return replace(passage, quote=best_quote(passage.text, query=said)) if said else passage


def _said_with(text: str, *, number: int) -> list[str]:
    said: list[str] = []
    start = 0
    for mark in _MARK.finditer(text):
        before = text[start : mark.start()].strip()
        if str(number) in _NUMBER.findall(mark[1]):
            sentences = list(sentences_of(before))
            said += sentences[-1:]
        start = mark.end()
    return said
