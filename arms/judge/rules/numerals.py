"""Numbers and bounds in a criterion's words: "at most 150", "exactly three", "between 5 and 10"."""

import re
from dataclasses import dataclass

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_WORDS = {
    **{word: value for value, word in enumerate(_UNITS)},
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "a hundred": 100,
    "one hundred": 100,
    "two hundred": 200,
    "three hundred": 300,
    "five hundred": 500,
    "a": 1,
    "an": 1,
    "a single": 1,
    "single": 1,
    "no": 0,
    "a dozen": 12,
}
NUMBER = (
    r"(?:\d{1,3}(?:,\d{3})+|\d+|" + "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True)) + r")"
)
"""A number in digits or in words."""

_AT_MOST = (
    r"at\s+most|no\s+more\s+than|not\s+more\s+than|up\s+to|(?:a\s+)?maximum(?:\s+of)?|max\.?|within|"
    r"not\s+(?:be\s+)?(?:exceed(?:ing)?|longer\s+than|over|above)|"
    r"(?:do(?:es)?\s+not|must\s+not|should\s+not|never)\s+exceed|limited\s+to"
)
_AT_LEAST = (
    r"at\s+least|no\s+(?:fewer|less)\s+than|not\s+(?:fewer|less)\s+than|(?:a\s+)?minimum(?:\s+of)?|min\.?"
)
_BELOW = r"fewer\s+than|less\s+than|under|below|shorter\s+than"
_ABOVE = r"more\s+than|over|above|longer\s+than|greater\s+than"
_EXACTLY = r"exactly|precisely|just|only"
_ABOUT = r"about|around|approximately|approx\.?|roughly|circa|~"

BOUND = (
    rf"(?:(?P<at_most>{_AT_MOST})\s*|(?P<at_least>{_AT_LEAST})\s*|(?P<below>{_BELOW})\s*|(?P<above>{_ABOVE})\s*|"
    rf"(?P<exactly>{_EXACTLY})\s*|(?P<about>{_ABOUT})\s*|(?P<between>between)\s*)?"
    rf"\b(?P<n>{NUMBER})\b(?:(?P<plus>\+)|\s*(?:-|\u2013|to|and)\s*\b(?P<m>{NUMBER})\b)?"
)
"""A bound; parse it with `bounds_of`."""

OR_MORE = r"(?P<or>\s+or\s+(?:fewer|less|more))?"
"""What may follow the counted noun or the number."""

_ABOUT_SHARE = 0.2


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """A least and a most count; None is no bound."""

    least: int | None
    most: int | None

    def hold(self, count: int) -> bool:
        """Whether the count keeps both."""
        return (self.least is None or count >= self.least) and (self.most is None or count <= self.most)

    def __str__(self) -> str:
        if self.least == self.most:
            return f"exactly {self.least}"
        if self.least is None:
            return f"at most {self.most}"
        if self.most is None:
            return f"at least {self.least}"
        return f"{self.least} to {self.most}"


def number(text: str) -> int:
    """The value of a NUMBER."""
    plain = re.sub(r"\s+", " ", text.strip().lower())
    return _WORDS[plain] if plain in _WORDS else int(plain.replace(",", ""))


def bounds_of(match: re.Match[str]) -> Bounds | None:
    """The bounds that a match of BOUND (and perhaps OR_MORE) tells; None when they make no sense."""
    groups = match.groupdict()
    n = number(groups["n"])
    if groups["m"]:
        m = number(groups["m"])
        plain = not any(
            groups[name] for name in ("at_most", "at_least", "below", "above", "exactly", "about")
        )
        return Bounds(least=n, most=m) if plain and n <= m else None
    if groups["between"]:
        return None
    following = (groups.get("or") or "").split()
    if following:
        return Bounds(least=n, most=None) if following[-1] == "more" else Bounds(least=None, most=n)
    return _one_sided(groups, n=n)


def _one_sided(groups: dict[str, str | None], *, n: int) -> Bounds:
    if groups["at_most"]:
        return Bounds(least=None, most=n)
    if groups["at_least"] or groups["plus"]:
        return Bounds(least=n, most=None)
    if groups["below"]:
        return Bounds(least=None, most=n - 1)
    if groups["above"]:
        return Bounds(least=n + 1, most=None)
    if groups["about"]:
        slack = round(n * _ABOUT_SHARE)
        return Bounds(least=n - slack, most=n + slack)
    return Bounds(least=n, most=n)
