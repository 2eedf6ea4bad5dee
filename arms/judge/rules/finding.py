"""What a deterministic check found."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RuleVerdict:
    """A verdict that needed no model.

    Attributes:
        passed: whether the output satisfies the criterion.
        evidence: what was counted or found, for people.
    """

    passed: bool
    evidence: str


Check = Callable[[str], RuleVerdict | None]
"""Judges an output; None when the output leaves open what the criterion means."""
