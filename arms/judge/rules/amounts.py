"""Amounts in criteria: "at most 150", "exactly three", "between 2 and 5"."""

import re
from dataclasses import dataclass

# fmt: off
_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)
# fmt: on
_NUMBER = rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d{{1,7}}|{'|'.join(_WORDS)}|a|an)"

AMOUNT = (
    r"(?P<amount>"
    rf"between {_NUMBER} and {_NUMBER}|from {_NUMBER} to {_NUMBER}|{_NUMBER} ?(?:-|to|–) ?{_NUMBER}"
    r"|(?:exactly|precisely|at most|no more than|not more than|up to|a maximum of|max|maximum"
    r"|at least|no fewer than|no less than|not fewer than|a minimum of|min|minimum"
    r"|more than|over|fewer than|less than|under|below)"
    rf" {_NUMBER}|{_NUMBER}(?: or (?:fewer|less|more))?"
    r")"
)
"""A regular expression part that matches an amount, as the group ``amount``."""

_PATTERN_NUMBER = re.compile(rf"\b{_NUMBER}\b")
_AT_MOST = ("at most", "no more than", "not more than", "up to", "a maximum of", "max", "maximum")
_AT_LEAST = ("at least", "no fewer than", "no less than", "not fewer than", "a minimum of", "min", "minimum")


@dataclass(frozen=True, kw_only=True)
class Range:
    """How many are wanted.

    Attributes:
        least: the fewest that do.
        most: the most that do; None for no bound.
    """

    least: int
    most: int | None

    def holds(self, count: int) -> bool:
        """Whether `count` is within."""
        return self.least <= count and (self.most is None or count <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        if self.least == self.most:
            return f"exactly {self.least}"
        return f"at most {self.most}" if self.least == 0 else f"{self.least} to {self.most}"


def parse_amount(words: str) -> Range:
    """The range that an amount, as `AMOUNT` matched it, means; a bare number means exactly so many."""
    numbers = [_value(match.group()) for match in _PATTERN_NUMBER.finditer(_without_leading_article(words))]
    first = numbers[0]
    if len(numbers) > 1:
        return Range(least=min(numbers), most=max(numbers))
    if words.startswith(_AT_MOST) or words.endswith(("or fewer", "or less")):
        return Range(least=0, most=first)
    if words.startswith(_AT_LEAST) or words.endswith("or more"):
        return Range(least=first, most=None)
    if words.startswith(("more than", "over")):
        return Range(least=first + 1, most=None)
    if words.startswith(("fewer than", "less than", "under", "below")):
        return Range(least=0, most=first - 1)
    return Range(least=first, most=first)


def _without_leading_article(words: str) -> str:
    """Drop the article of "a maximum of ten", which is no number."""
    return words.removeprefix("a maximum of ").removeprefix("a minimum of ")


def _value(word: str) -> int:
    if word in {"a", "an"}:
        return 1
    if word in _WORDS:
        return _WORDS.index(word)
    return int(word.replace(",", ""))
