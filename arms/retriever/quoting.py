"""Picks the words of a passage that support an answer: the sentence that shares most with the query."""

import re
from collections.abc import Iterator

MOST = 300
"""Characters of a quote at most."""

SENTENCE_END = re.compile(r"[.!?:][\"')\]]*\s+|[。！？]|\n[ \t]*\n|\n(?=[ \t]*[-*+#>|\d])")  # noqa: RUF001  # full-width marks end sentences too
WORD = re.compile(r"\w+")
STEM = 5
"""Letters by which words are taken as related: search, searches, searching."""
SHORTEST = 4
"""Letters of a word that says something."""


def best_quote(text: str, *, query: str) -> str:
    """The sentence of `text` that fits `query` best, word by word as it stands there.

    Args:
        text: a chunk.
        query: what is sought.

    Returns:
        A stretch of ``text`` of at most ``MOST`` characters; the first sentence when none shares a word.
    """
    sought = stems_of(query)
    best, most = "", -1.0
    for sentence in sentences_of(text):
        found = stems_of(sentence)
        score = len(sought & found) + 1 / (2 + len(found))  # of equals the shorter one
        if len(found) > 1 and (sought & found or most < 0) and score > most:
            best, most = sentence, score
    return (best or text.strip())[:MOST].rstrip()


def sentences_of(text: str) -> Iterator[str]:
    """The sentences of a text, as they stand there."""
    start = 0
    for end in [*(found.end() for found in SENTENCE_END.finditer(text)), len(text)]:
        sentence = text[start:end].strip()
        start = end
        if sentence:
            yield sentence


def stems_of(text: str) -> frozenset[str]:
    """The beginnings of the words that say something: related words share one."""
    return frozenset(word[:STEM] for word in WORD.findall(text.casefold()) if len(word) >= SHORTEST)
