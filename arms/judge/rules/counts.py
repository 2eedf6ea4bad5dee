"""Sizes: words, characters, sentences, paragraphs, lines."""

import re
from collections.abc import Callable, Mapping

from arms.judge.rules import reading
from arms.judge.rules.numerals import BOUND, OR_MORE, bounds_of
from arms.judge.rules.rule import Finding, Rule, rule

_UNITS: Mapping[str, Callable[[str], int]] = {
    "word": lambda text: len(reading.words(text)),
    "character": lambda text: len(text.strip()),
    "letter": lambda text: sum(character.isalpha() for character in text),
    "sentence": lambda text: len(reading.sentences(text)),
    "paragraph": lambda text: len(reading.paragraphs(text)),
    "line": lambda text: len(reading.lines(text)),
}

_VERB = (
    r"(?:(?:is|are|be|has|have|contains?|includes?|uses?|consists?\s+of|comprises?|stays?|remains?|keeps?|keep|"
    r"counts?|fits?(?:\s+in(?:to)?)?|runs?\s+to)\s+)?"
    r"(?:(?:written|kept|limited|given|expressed)\s+(?:in|to|with(?:in)?)\s+)?"
    r"(?:a\s+(?:total\s+)?(?:length|word\s+count|character\s+count|size)\s+(?:of\s+|is\s+)?)?"
    r"(?:(?:to|in|with)\s+)?"
)
_PATTERN = (
    rf"{_VERB}{BOUND}\s*-?\s*(?:total\s+)?(?P<unit>words?|characters?|letters?|sentences?|paragraphs?|lines?)"
    rf"(?:\s+(?:long|in\s+(?:length|total)|of\s+text|each)?)?{OR_MORE}(?:\s+(?:long|in\s+length|in\s+total))?"
)
_OR_BEFORE_UNIT = (
    rf"{_VERB}{BOUND}{OR_MORE}\s+(?P<unit>words?|characters?|letters?|sentences?|paragraphs?|lines?)"
)
_WORD_COUNT = (
    rf"(?:(?:a|the|its)\s+)?(?P<unit>word|character)\s+count\s+(?:is\s+|stays\s+|of\s+)?{BOUND}{OR_MORE}"
)


def _check(match: re.Match[str], output: str) -> Finding | None:
    if match[0].endswith("each"):
        return None  # each of what, the words do not tell
    bounds = bounds_of(match)
    if bounds is None:
        return None
    unit = match["unit"].lower().rstrip("s")
    count = _UNITS[unit](output)
    plural = unit if count == 1 else f"{unit}s"
    return Finding(
        passed=bounds.hold(count), evidence=f"The output has {count} {plural}; {bounds} are asked for."
    )


COUNT_RULES: tuple[Rule, ...] = (
    rule("size", _PATTERN, _check),
    rule("size, or fewer", _OR_BEFORE_UNIT, _check),
    rule("word count", _WORD_COUNT, _check),
)
"""Checks of sizes."""
