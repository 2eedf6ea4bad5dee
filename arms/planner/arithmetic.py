"""Finds the sum in a goal that asks for nothing but its value: "What is 17 * 23?"."""

import re

_SUM = re.compile(
    r"(?:please\s+)?(?:compute|calculate|evaluate|what\s+is|what's|how\s+much\s+is)\s+(?:the\s+(?:value|result)\s+of\s+)?"
    r"(?:the\s+expression\s+)?`?(?P<sum>[-+(.\d][-+*/^%().,\d\sx\u00d7\u00f7]*[).\d])`?\s*[.?]?",
    re.IGNORECASE,
)
_OPERATION = re.compile(
    r"[\d)]\s*(?:[+*^\u00d7\u00f7]|\s[-/x%]\s)\s*[-(.\d]|\)\s*[-/]|[-/]\s*\(", re.IGNORECASE
)
"""An operator between numbers: written with spaces where it may be part of a date, a name or a version."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_OPERATORS = str.maketrans({"^": "**", "\u00d7": "*", "\u00f7": "/", "x": "*", "X": "*"})


def sum_in(goal: str) -> str | None:
    """The sum as a Python expression; None when the goal is none: neither a date nor a vehicle is."""
    match = _SUM.fullmatch(goal.strip())
    if match is None or not _OPERATION.search(match["sum"]):
        return None
    source = _THOUSANDS.sub("", match["sum"].translate(_OPERATORS))
    return None if "," in source else source
