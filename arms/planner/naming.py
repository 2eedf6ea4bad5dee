"""Tells whether a goal names a capability that the rules know nothing of, such as a third party's.

A goal names ``word_count`` when it says so ("word_count", "word-count"), or when every word of the name is in
it, in whatever form: "Count the words of this text".
"""

import re
from collections.abc import Sequence

from arms.planner.plan import Offer

KNOWN = frozenset(
    {
        "text_generation",
        "code_generation",
        "document_search",
        "document_answer",
        "code_execution",
        "shell_command",
        "http_request",
    }
)
"""Capabilities that templates and word lists know."""

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ations", "ation", "ings", "ing", "ions", "ion", "ers", "er", "ies", "ed", "es", "s", "e", "y")
_SHORTEST_STEM = 3
_TELLING = 4
"""Letters of a name's longest word, at least: a capability "do" is named by no goal's words."""


def named_in(goal: str, offers: Sequence[Offer]) -> list[Offer]:
    """The offers, of those that no rule knows, that the goal names; those that it spells out win."""
    strange = [offer for offer in offers if offer.name not in KNOWN]
    spelled = [offer for offer in strange if _is_spelled(offer.name, goal)]
    if spelled:
        return spelled
    stems = {stem(word) for word in _WORD.findall(goal)}
    return [offer for offer in strange if _is_described(offer.name, stems)]


def stem(word: str) -> str:
    """A word without its ending: "counting", "counts" and "count" are one."""
    lower = word.lower()
    for ending in _ENDINGS:
        if lower.endswith(ending) and len(lower) - len(ending) >= _SHORTEST_STEM:
            return lower.removesuffix(ending)
    return lower


def _is_spelled(name: str, goal: str) -> bool:
    """The name as it is, or with hyphens: two words at least, or marked as a name."""
    pattern = re.escape(name).replace("_", "[_-]")
    if "_" not in name:
        pattern = rf"(?:`{pattern}`|\b(?:use|with|using|by|call|run)\s+(?:the\s+)?{pattern}\b)"
    return re.search(rf"(?<!\w){pattern}(?!\w)", goal, re.IGNORECASE) is not None


def _is_described(name: str, stems: set[str]) -> bool:
    words = name.split("_")
    return max(map(len, words)) >= _TELLING and all(stem(word) in stems for word in words)
