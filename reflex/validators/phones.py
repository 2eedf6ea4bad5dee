"""Phone numbers, by the numbering plans in the `phonenumbers` library."""

from collections.abc import Callable
from functools import lru_cache

import phonenumbers

_REGIONS = (
    "US", "GB", "DE", "FR", "AU", "IN", "IT", "ES", "NL",
    "BR", "JP", "SE", "CH", "NZ", "ZA", "BE", "DK", "PL",
)  # fmt: skip
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15
_UNSURE = 0.6


def international(candidate: str) -> float:
    """A number with its country code."""
    number = "+" + candidate[2:] if candidate.startswith("00") else candidate
    return _check(number, None)


def national(candidate: str) -> float:
    """A number without country code: possible in one of the large numbering plans.

    The shape and the words around it are the rule's matter; here only what no plan knows is refused.
    """
    digits = "".join(character for character in candidate if character.isdigit())
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS or len(set(digits)) <= 2:  # noqa: PLR2004 - 0000-111
        return 0
    for region in _REGIONS:
        sure = _check(digits, region)
        if sure == 1:
            return 1
    return _UNSURE


def warm() -> None:
    """Load all numbering plans now: each costs milliseconds when first asked, for each length of number."""
    load_all: Callable[[], None] = phonenumbers.PhoneMetadata.load_all
    load_all()
    for digits in range(_FEWEST_DIGITS, _MOST_DIGITS + 1):
        for region in _REGIONS:
            _check("0" + "2" * (digits - 1), region)
            _check("9" * digits, region)


@lru_cache(maxsize=4096)
def _check(number: str, region: str | None) -> float:
    parse: Callable[..., phonenumbers.PhoneNumber] = phonenumbers.parse
    try:
        parsed = parse(number, region)
    except phonenumbers.NumberParseException:
        return 0
    if phonenumbers.is_valid_number(parsed):
        return 1
    return _UNSURE if phonenumbers.is_possible_number(parsed) else 0
