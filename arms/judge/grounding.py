"""Whether a model's evidence stands in the output that it judged, not merely in what that was made from."""

import re
from collections.abc import Iterable

RUN = 6
"""Words in a row that make a quotation; fewer are alike by chance."""

_WORD = re.compile(r"[^\W_]+")


def borrowed(evidence: str, *, output: str, material: Iterable[str]) -> str:
    """The words that evidence quotes from the material though the output does not have them.

    A small model is easily led by the context: it finds the cause there and says that the output names it.

    Args:
        evidence: what the model says decided it.
        output: what it judged.
        material: the context and the inputs.

    Returns:
        The first such run of words; empty when the evidence stands in the output, or quotes nothing.
    """
    said = _words(output)
    sources = [_words(text) for text in material]
    words = _words(evidence).split()
    for start in range(len(words) - RUN + 1):
        run = " ".join(words[start : start + RUN])
        if _has(run, said):
            return ""
        if any(_has(run, source) for source in sources):
            return run
    return ""


def _words(text: str) -> str:
    return " ".join(match.group() for match in _WORD.finditer(text.lower()))


def _has(run: str, words: str) -> bool:
    return f" {run} " in f" {words} "
