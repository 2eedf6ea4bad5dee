"""Words: what the output must mention, must not mention, begin and end with."""

import re
from typing import Any, cast

import re2

from arms.judge.rules.reading import sentence_with
from arms.judge.rules.rule import Finding, Rule, rule, shortened

_QUOTE = r"(?:\"[^\"]+\"|\u201c[^\u201d]+\u201d|\u2018[^\u2019]+\u2019|`[^`]+`|'[^']+')"
_QUOTES = rf"(?P<quoted>{_QUOTE}(?:(?:\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s+or\s+){_QUOTE})*)"
_SAY = r"(?:mention|contain|include|use|name|say|state|quote|cite|refer\s+to|have|feature)"
_SAYS = (
    r"(?:mentions?|contains?|includes?|uses?|names?|says?|states?|quotes?|cites?|refers?\s+to|has|have|"
    r"features?)"
)
_WHAT = (
    r"(?:(?:all\s+of\s+|both\s+|either\s+|the\s+)*(?:exact\s+)?(?:words?|phrases?|terms?|texts?|strings?|names?|"
    r"sentences?|numbers?|values?|keywords?|expressions?)?:?\s*)?"
)
_NOT = r"(?:does\s+not|doesn't|do\s+not|must\s+not|should\s+not|not|never)"
_ANYWHERE = r"(?:\s+(?:somewhere|anywhere|at\s+least\s+once|in\s+the\s+(?:text|output|answer|summary)))?"
_ECHO = re.compile(r"\b(?:mentions?|refers?\s+to)\s+(?:the\s+|an?\s+|its\s+|any\s+)?$", re.IGNORECASE)
_LOWER_SURE = 0.9


def _texts(match: re.Match[str]) -> list[str]:
    return [quoted[1:-1] for quoted in re.findall(_QUOTE, match["quoted"])]


def _find(text: str, wanted: str) -> int:
    """Where the words stand as words of their own, whatever their case and white space; -1 for nowhere."""
    inner = r"\s+".join(map(re.escape, wanted.split()))
    before = r"(?<!\w)" if wanted[:1].isalnum() else ""
    after = r"(?!\w)" if wanted[-1:].isalnum() else ""
    match = re.search(f"{before}{inner}{after}", text, re.IGNORECASE)
    return match.start() if match else -1


def _contains(match: re.Match[str], output: str) -> Finding:
    wanted = _texts(match)
    places = {text: _find(output, text) for text in wanted}
    missing = [text for text, place in places.items() if place < 0]
    any_will_do = re.search(r"\bor\b", re.sub(_QUOTE, "", match["quoted"])) is not None
    if len(missing) == len(wanted) or (missing and not any_will_do):
        return Finding(passed=False, evidence=f"The output does not contain {_quoted(missing)}.")
    found = next(place for place in places.values() if place >= 0)
    return Finding(passed=True, evidence=f"It says: {shortened(sentence_with(output, start=found))}")


def _lacks(match: re.Match[str], output: str) -> Finding:
    present = [text for text in _texts(match) if _find(output, text) >= 0]
    if present:
        place = _find(output, present[0])
        return Finding(passed=False, evidence=f"It says: {shortened(sentence_with(output, start=place))}")
    return Finding(passed=True, evidence=f"The output does not contain {_quoted(_texts(match))}.")


def _mentions(match: re.Match[str], output: str) -> Finding | None:
    """Literal mention decides; without one the meaning may still be there, which is for the model."""
    place = _find_loosely(output, match["words"])
    if place < 0:
        return None
    return Finding(
        passed=True,
        evidence=f"It says: {shortened(sentence_with(output, start=place))}",
        confidence=_LOWER_SURE,
    )


def _mentions_not(match: re.Match[str], output: str) -> Finding | None:
    place = _find_loosely(output, match["words"])
    if place < 0:
        return None
    return Finding(
        passed=False,
        evidence=f"It says: {shortened(sentence_with(output, start=place))}",
        confidence=_LOWER_SURE,
    )


def _find_loosely(text: str, wanted: str) -> int:
    """As `_find`, with hyphens for blanks and a plural s allowed; a repeated criterion does not count."""
    inner = r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", wanted.strip()))
    matches = re.finditer(rf"(?<!\w){inner}s?(?!\w)", text, re.IGNORECASE)
    return next((m.start() for m in matches if not _ECHO.search(text[: m.start()][-40:])), -1)


def _begins(match: re.Match[str], output: str) -> Finding:
    text = output.strip()
    passed = any(text.lower().startswith(wanted.lower()) for wanted in _texts(match))
    return Finding(passed=passed, evidence=f"It begins: {shortened(text, length=60)}")


def _ends(match: re.Match[str], output: str) -> Finding:
    text = output.strip()
    passed = any(text.lower().endswith(wanted.lower()) for wanted in _texts(match))
    return Finding(passed=passed, evidence=f"It ends: {shortened(text[-60:], length=60)}")


def _matches(match: re.Match[str], output: str) -> Finding | None:
    """By RE2, which needs no more than linear time whatever the pattern."""
    engine = cast("Any", re2)  # the package carries no types
    options = engine.Options()
    options.log_errors = False
    try:
        pattern = engine.compile(match["slashed"] or match["ticked"] or match["quoted"], options)
    except engine.error:
        return None
    found = pattern.search(output)
    if found is None:
        return Finding(passed=False, evidence="Nothing in the output matches the pattern.")
    return Finding(passed=True, evidence=f"It matches at: {shortened(found.group(0), length=80)}")


def _quoted(texts: list[str]) -> str:
    return ", ".join(f'"{shortened(text, length=60)}"' for text in texts)


CONTENT_RULES: tuple[Rule, ...] = (
    rule("contains quoted words", rf"{_SAYS}\s+{_WHAT}{_QUOTES}{_ANYWHERE}", _contains),
    rule("lacks quoted words", rf"{_NOT}\s+{_SAY}\s+{_WHAT}{_QUOTES}{_ANYWHERE}", _lacks),
    rule("lacks quoted words", rf"avoids?\s+(?:using\s+|mentioning\s+)?{_WHAT}{_QUOTES}", _lacks),
    rule(
        "mentions words",
        r"(?:mentions?|refers?\s+to)\s+(?:the\s+|an?\s+|its\s+)?(?P<words>[\w-]+(?:\s+[\w-]+){0,3})",
        _mentions,
    ),
    rule(
        "does not mention words",
        rf"{_NOT}\s+(?:mention|refer\s+to)\s+(?:the\s+|an?\s+|any\s+)?(?P<words>[\w-]+(?:\s+[\w-]+){{0,3}})",
        _mentions_not,
    ),
    rule("begins with", rf"(?:starts?|begins?)\s+with\s+{_WHAT}{_QUOTES}", _begins),
    rule("ends with", rf"ends?\s+with\s+{_WHAT}{_QUOTES}", _ends),
    rule(
        "matches a pattern",
        r"match(?:es)?\s+(?:the\s+)?(?:regex|regexp|regular\s+expression|pattern)\s*:?\s*"
        r"(?:/(?P<slashed>.+)/|`(?P<ticked>[^`]+)`|\"(?P<quoted>[^\"]+)\")",
        _matches,
    ),
)
"""Checks of words."""
