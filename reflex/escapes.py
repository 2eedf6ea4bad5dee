"""Writes out what is escaped in place: percent signs, entities, Unicode escapes."""

import html
from collections.abc import Callable, Mapping

from reflex.embedded import DecodeBudget, Run, rewritten
from reflex.regex import Regex, compile_regex
from reflex.view import View

_ESCAPES: Mapping[str, tuple[Regex, Callable[[str], str]]] = {
    "percent": (
        compile_regex(r"(?:%[0-9A-Fa-f]{2})+"),
        lambda run: bytes.fromhex(run.replace("%", "")).decode("utf-8", "replace"),
    ),
    "entity": (compile_regex(r"(?:&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[a-zA-Z]{2,12});)+"), html.unescape),
    "unicode_escape": (
        compile_regex(r"(?:\\u[0-9A-Fa-f]{4})+"),
        lambda run: bytes.fromhex(run.replace("\\u", "")).decode("utf-16-be", "replace"),
    ),
}
"""For each kind of escape its runs, and how a run is written out; a span inside a run is the whole run."""


def unescaped(*, view: View, kind: str, budget: DecodeBudget) -> View | None:
    """The view with its escapes written out; None when there are none or they are too many.

    Args:
        view: where to look.
        kind: percent, entity or unicode_escape.
        budget: shared; reduced by what is done.
    """
    pattern, decode = _ESCAPES[kind]
    runs, last = list[Run](), 0
    for match in pattern.finditer(view.text):
        start, end = match.span()
        budget.characters -= end - start
        if budget.characters <= 0:
            break
        if last < start:
            runs.append(Run(last, start, None))
        runs.append(Run(start, end, decode(match.group(0))))
        last = end
    if not runs:
        return None
    runs.append(Run(last, len(view.text), None))
    return rewritten(view=view, runs=runs, encoding=kind)
