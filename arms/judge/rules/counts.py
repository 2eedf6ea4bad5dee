"""Criteria that count: "is at most 150 words", "lists exactly three action items", "has two sentences"."""

import re

from arms.judge.rules.amounts import AMOUNT, parse_amount
from arms.judge.rules.finding import Check, RuleVerdict
from arms.judge.rules.lists import count_items
from arms.judge.rules.units import UNITS

_OPENING = (
    r"(?:(?:the )?(?:output|result|answer|response|summary|text|it|reply|message|email|post|poem|haiku)s? )?"
    r"(?:must |should |shall |needs to )?"
    r"(?:be|is|are|has|have|contains?|includes?|lists?|gives?|provides?|names?|uses?"
    r"|consists? of|stays?|fits?|keeps?)? ?"
    r"(?:written |kept |stay |fit |limited |long )?(?:in|to|within|of|at)? ?"
)
_UNIT = r"(?P<unit>words?|characters?|letters?|sentences?|lines?|paragraphs?)"
_NOUN = (
    r"(?P<noun>(?:[a-z]+[ -]){0,2}"
    r"(?:items?|bullets?|bullet points?|points?|steps?|entries|recommendations?|actions?|tasks?|reasons?"
    r"|examples?|ideas?|questions?|tips?))"
)
_BY_UNIT = re.compile(rf"^{_OPENING}{AMOUNT} {_UNIT}(?: long| in length| or so| in total)?$")
_BY_ITEMS = re.compile(rf"^{_OPENING}{AMOUNT} {_NOUN}$")


def parse_count(criterion: str) -> Check | None:
    """The check that a criterion means, None when it does not count.

    Args:
        criterion: in lower case, without its final stop.
    """
    by_unit = _BY_UNIT.match(criterion)
    if by_unit:
        return _unit_check(by_unit.group("amount"), by_unit.group("unit").rstrip("s"))
    by_items = _BY_ITEMS.match(criterion)
    if by_items:
        return _item_check(by_items.group("amount"), by_items.group("noun"))
    return None


def _unit_check(amount: str, unit: str) -> Check:
    wanted, count = parse_amount(amount), UNITS[unit]

    def check(output: str) -> RuleVerdict:
        found = count(output)
        return RuleVerdict(passed=wanted.holds(found), evidence=f"{found} {unit}s counted, {wanted} wanted")

    return check


def _item_check(amount: str, noun: str) -> Check:
    wanted = parse_amount(amount)

    def check(output: str) -> RuleVerdict | None:
        found = count_items(output, noun)
        if found is None:
            return None
        return RuleVerdict(passed=wanted.holds(found), evidence=f"{found} {noun} counted, {wanted} wanted")

    return check
