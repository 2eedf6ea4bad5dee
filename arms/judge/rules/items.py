"""Numbers of things in lists: "lists exactly three action items", "has at least 2 sections"."""

import re

from arms.judge.rules import reading
from arms.judge.rules.numerals import BOUND, OR_MORE, Bounds, bounds_of
from arms.judge.rules.reading import ListBlock
from arms.judge.rules.rule import Finding, Rule, rule, shortened

_VERB = (
    r"(?P<verb>lists?|has|have|contains?|includes?|gives?|names?|provides?|offers?|presents?|identifies|identify|"
    r"shows?|proposes?|suggests?|recommends?|states?|specifies|is|are|be|consists?\s+of|uses?|ends?\s+with|with)"
)
_FORM = (
    r"(?P<form>bullet\s*points?|bullets|bulleted\s+items?|numbered\s+(?:items?|points?|steps?)|items?|points?|"
    r"list\s+items?)"
)
_NOUN = r"(?P<noun>(?:[\w-]+\s+){0,3}?[\w-]+)"
_TAIL = r"(?:\s+(?:in\s+total|as\s+(?:a\s+)?(?:bulleted|numbered)?\s*list|as\s+bullet\s+points))?"

_LISTS_SURE = 0.9
_SOLE_LIST_SURE = 0.8
_STOP = frozenset(
    ["of", "the", "a", "an", "for", "to", "in", "on", "and", "or", "that", "with", "per", "from", "by"]
)


def _forms(match: re.Match[str], output: str) -> Finding | None:
    """Bullets and numbered items as such: all of that sort count together."""
    bounds = bounds_of(match)
    if bounds is None:
        return None
    form = match["form"].lower()
    found = [block for block in reading.lists(output) if not block.nested]
    if form.startswith("bullet"):
        found = [block for block in found if not block.numbered]
    elif form.startswith("numbered"):
        found = [block for block in found if block.numbered]
    elif len(found) > 1:
        return None  # which of the lists is meant, the words do not tell
    return _counted(sum(len(block.items) for block in found), bounds=bounds, what=form)


def _headings(match: re.Match[str], output: str) -> Finding | None:
    bounds = bounds_of(match)
    found = reading.headings(output)
    if bounds is None or not found:
        return None
    return _counted(len(found), bounds=bounds, what="headings")


def _code_blocks(match: re.Match[str], output: str) -> Finding | None:
    bounds = bounds_of(match)
    if bounds is None:
        return None
    return _counted(len(reading.code_blocks(output)), bounds=bounds, what="code blocks")


def _things(match: re.Match[str], output: str) -> Finding | None:
    """Things with a name of their own, such as action items: only a list that is plainly theirs decides."""
    bounds = bounds_of(match)
    if bounds is None:
        return None
    noun = match["noun"].lower()
    found = reading.lists(output)
    theirs = [block for block in found if _is_titled(block, noun=noun)]
    if len(theirs) == 1:
        return _counted(len(theirs[0].items), bounds=bounds, what=noun, items=theirs[0].items)
    labelled = _labelled(output, noun=noun)
    if labelled:
        return _counted(len(labelled), bounds=bounds, what=noun)
    if not found:
        return _unlisted(match, noun=noun, bounds=bounds)
    found = [block for block in found if not block.nested]
    if len(found) == 1 and match["verb"].lower().startswith("list"):
        finding = _counted(len(found[0].items), bounds=bounds, what=noun, items=found[0].items)
        return Finding(passed=finding.passed, evidence=finding.evidence, confidence=_SOLE_LIST_SURE)
    return None


def _unlisted(match: re.Match[str], *, noun: str, bounds: Bounds) -> Finding | None:
    """Items that are to be listed, in an output without any list: prose that hides them lists none."""
    is_item = _stem(noun.rsplit(maxsplit=1)[-1]) in {"item", "point", "step", "bullet"}
    if not is_item or not match["verb"].lower().startswith("list") or bounds.hold(0) or bounds.hold(1):
        return None
    return Finding(
        passed=False,
        evidence=f"The output has no list; {bounds} {noun} are asked for, each on a line of its own.",
        confidence=_SOLE_LIST_SURE,
    )


def _is_titled(block: ListBlock, *, noun: str) -> bool:
    """Whether what stands over the list names the things: every word of theirs, in singular or plural."""
    title = {_stem(word) for text in block.titles for word in reading.words(text.lower())}
    wanted = {_stem(word) for word in noun.split() if word not in _STOP}
    return bool(wanted) and wanted <= title


def _labelled(text: str, *, noun: str) -> list[str]:
    """Lines such as "Action item 2: ...", when they count 1, 2, 3."""
    singular = r"\s+".join(
        re.escape(word) for word in [*noun.split()[:-1], _stem(noun.rsplit(maxsplit=1)[-1])]
    )
    marks = re.findall(rf"^\W*{singular}s?\s*#?(\d{{1,2}})\b", text, re.IGNORECASE | re.MULTILINE)
    return marks if [int(mark) for mark in marks] == list(range(1, len(marks) + 1)) else []


def _stem(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _counted(count: int, *, bounds: Bounds, what: str, items: tuple[str, ...] = ()) -> Finding:
    shown = "; ".join(shortened(item, length=50) for item in items[:5])
    return Finding(
        passed=bounds.hold(count),
        evidence=f"The output lists {count} ({bounds} {what} asked for){f': {shown}' if shown else ''}.",
        confidence=_LISTS_SURE,
    )


ITEM_RULES: tuple[Rule, ...] = (
    rule("bullets and items", rf"{_VERB}\s+{BOUND}{OR_MORE}\s+{_FORM}{_TAIL}", _forms),
    rule("headings", rf"{_VERB}\s+{BOUND}{OR_MORE}\s+(?:headings?|sections?|headers?)", _headings),
    rule("code blocks", rf"{_VERB}\s+{BOUND}{OR_MORE}\s+code\s+(?:blocks?|snippets?)", _code_blocks),
    rule("things in a list", rf"{_VERB}\s+{BOUND}{OR_MORE}\s+{_NOUN}{_TAIL}", _things),
)
"""Checks of numbers of things."""
