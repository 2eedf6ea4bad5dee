"""Criteria that name a text: 'mentions "rollback"', 'does not contain "TODO"', 'starts with "Dear"'."""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import re2

from arms.judge.rules.finding import Check, RuleVerdict

_QUOTED = r"[\"'“‘`](?P<text>[^\"“”`]{1,300}?)[\"'”’`]"
_SUBJECT = (
    r"(?:(?:the )?(?:output|result|answer|response|summary|text|it|reply|code|message|email) )?"
    r"(?:must |should |shall )?"
)
_NOT = r"(?P<negated>does not |doesn't |do not |not |never |must not )?"
_KIND = r"(?:the )?(?:exact )?(?:word |words |phrase |string |text |term |name |function |function name )?"
_HAS = re.compile(
    rf"(?i)^{_SUBJECT}{_NOT}(?:mentions?|contains?|includes?|names?|uses?|says?|has|have) {_KIND}{_QUOTED}$"
)
_EDGE = re.compile(rf"(?i)^{_SUBJECT}{_NOT}(?P<edge>starts?|begins?|ends?) with {_KIND}{_QUOTED}$")
_REGEX = re.compile(
    r"(?i)^(?:(?:the )?\w+ )?(?:must |should )?match(?:es)? (?:the )?(?:regex|regular expression|pattern) "
    r"[/`\"'](?P<text>.{1,300})[/`\"']$"
)
_EDGES: Mapping[str, Callable[[str, str], bool]] = {
    "s": str.startswith,
    "b": str.startswith,
    "e": str.endswith,
}


def parse_quote(criterion: str) -> Check | None:
    """The check that a criterion means, None when it names no text.

    Args:
        criterion: as the caller wrote it, without its final stop; case matters inside of the quotes only
            for regular expressions.
    """
    has = _HAS.match(criterion)
    if has:
        return _contains(has.group("text"), negated=bool(has.group("negated")))
    edge = _EDGE.match(criterion)
    if edge:
        holds = _EDGES[edge.group("edge")[0].lower()]
        return _at_edge(edge.group("text"), holds=holds, negated=bool(edge.group("negated")))
    regex = _REGEX.match(criterion)
    return _matches(regex.group("text")) if regex else None


def _contains(text: str, *, negated: bool) -> Check:
    def check(output: str) -> RuleVerdict:
        place = output.casefold().find(text.casefold())
        found = place >= 0
        around = output[max(place - 30, 0) : place + len(text) + 30].replace("\n", " ").strip()
        evidence = f'"…{around}…"' if found else f'"{text}" does not occur'
        return RuleVerdict(passed=found is not negated, evidence=evidence)

    return check


def _at_edge(text: str, *, holds: Callable[[str, str], bool], negated: bool) -> Check:
    def check(output: str) -> RuleVerdict:
        plain = output.strip().casefold()
        found = holds(plain, text.casefold())
        shown = plain[:40] if holds is str.startswith else plain[-40:]
        where = "begins" if holds is str.startswith else "ends"
        return RuleVerdict(passed=found is not negated, evidence=f'it {where} with "{shown}"')

    return check


def _matches(pattern: str) -> Check | None:
    engine = cast("Any", re2)  # linear in time, whatever the caller wrote; the package carries no types
    try:
        compiled = engine.compile(pattern)
    except engine.error:
        return None

    def check(output: str) -> RuleVerdict:
        match = compiled.search(output)
        evidence = f'matches at "{match.group()[:80]}"' if match else f"nothing matches {pattern}"
        return RuleVerdict(passed=match is not None, evidence=evidence)

    return check
