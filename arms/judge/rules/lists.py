"""Counts the items of lists in a text, the list under a heading when there are several."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ITEM = re.compile(r"^\s{0,3}(?:[-*•+]|\(?\d{1,3}[.)]|\*\*\d{1,3}[.)]?\*\*|\*\*\d{1,3}[.)])\s+\S")
_NESTED = re.compile(r"^\s{4,}(?:[-*•+]|\d{1,3}[.)])\s+\S|^\t+(?:[-*•+]|\d{1,3}[.)])\s+\S")
_ONLY_MARKS = re.compile(r"[#*_:\s]")


@dataclass(frozen=True, kw_only=True)
class TextList:
    """A list in a text.

    Attributes:
        title: the last line before it that is no item, in lower case; empty when there is none.
        items: how many items of the first level it has.
    """

    title: str
    items: int


def find_lists(text: str) -> Sequence[TextList]:
    """Every list; an indented line belongs to the item before it, any other line ends the list."""
    lists: list[TextList] = []
    title, count = "", 0
    for line in text.splitlines():
        if _ITEM.match(line) and not _NESTED.match(line):
            count += 1
        elif line.strip() and not line.startswith((" ", "\t")):
            if count:
                lists.append(TextList(title=title, items=count))
            title, count = _ONLY_MARKS.sub(" ", line).strip().lower(), 0
    if count:
        lists.append(TextList(title=title, items=count))
    return lists


def count_items(text: str, noun: str) -> int | None:
    """How many items the list of `noun` has.

    Args:
        text: the output.
        noun: what the criterion counts, such as "action items" or "bullet points".

    Returns:
        None when it is not plain which list is meant.
    """
    lists = find_lists(text)
    stem = noun.rstrip("s")
    titled = [found for found in lists if stem and stem in found.title]
    if len(titled) == 1:
        return titled[0].items
    if len(lists) == 1:
        return lists[0].items
    return None
