"""Finds the program in what a language model wrote around it."""

import re

FENCED = re.compile(
    r"^```[ \t]*(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL
)
PYTHON = frozenset({"", "python", "python3", "py"})
JAVASCRIPT = frozenset({"", "javascript", "js", "node", "mjs", "cjs"})


def code_in(text: str, *, language: str) -> str:
    """Return the code of `text`: its fenced blocks one after the other, or all of it without a fence.

    Args:
        text: what was written.
        language: "javascript", or anything that Python runs.
    """
    names = JAVASCRIPT if language == "javascript" else PYTHON
    blocks = [block["code"] for block in FENCED.finditer(text) if block["language"].lower() in names]
    if blocks:
        return "\n".join(blocks)
    return "" if FENCED.search(text) else text.strip()
