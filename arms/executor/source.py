"""Finds the program in what a language model wrote around it."""

import re

FENCED = re.compile(
    r"^```[ \t]*(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL
)
PYTHON = frozenset({"", "python", "python3", "py"})


def code_in(text: str) -> str:
    """Return the Python of `text`: its fenced blocks one after the other, or all of it without a fence."""
    blocks = [block["code"] for block in FENCED.finditer(text) if block["language"].lower() in PYTHON]
    if blocks:
        return "\n".join(blocks)
    return "" if FENCED.search(text) else text.strip()
