"""What a deterministic check is: the words it understands, and what it looks for then."""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found: whether the criterion holds, what in the output shows it, how sure (0 to 1)."""

    passed: bool
    evidence: str
    confidence: float = 1.0


Check = Callable[[re.Match[str], str], Finding | None]
"""Decides, or returns None when the words are understood and the output leaves it open."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One check.

    Attributes:
        name: for people.
        pattern: must match the whole claim: words that it does not know may change the sense.
        check: decides.
    """

    name: str
    pattern: re.Pattern[str]
    check: Check

    def apply(self, claim: str, *, output: str) -> Finding | None:
        """The finding, or None when this rule does not decide the claim."""
        match = self.pattern.fullmatch(claim)
        return self.check(match, output) if match is not None else None


def rule(name: str, pattern: str, check: Check) -> Rule:
    """A rule whose pattern ignores case, and takes any run of white space for a blank."""
    return Rule(name=name, pattern=re.compile(pattern, re.IGNORECASE), check=check)


def shortened(text: str, *, length: int = 160) -> str:
    """A text short enough to be quoted."""
    flat = re.sub(r"\s+", " ", text).strip()
    return flat if len(flat) <= length else f"{flat[: length - 1]}\u2026"
