"""What the reflex finds: categories, severities, and a finding that never carries the value it found."""

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Category(StrEnum):
    """What kind of harm a finding is about."""

    PII = "pii"
    """Data about a person."""
    SECRET = "secret"  # noqa: S105 - the name of a category
    """A credential."""
    INJECTION = "injection"
    """Text that tries to take over the model."""


class Severity(IntEnum):
    """How bad a leak or a hit would be; ordered."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Finding(NamedTuple):
    """One place of the original text, and why it was found.

    A named tuple and no dataclass: a hostile text has ten thousand, and these are made three times faster.

    Attributes:
        category: what kind of harm.
        type: the kind within the category, such as ``email``.
        severity: how bad.
        start: first character of the original text.
        end: one past the last character of the original text.
        confidence: 0-1, after validation and context.
        reason: one sentence in our words; never the text that was found.
        rule: id of the rule.
        context: what stands around the match; the names are in `reflex.context`.
        encoding: how the text was hidden, empty when it was plain.
    """

    category: Category
    type: str
    severity: Severity
    start: int
    end: int
    confidence: float
    reason: str
    rule: str
    context: tuple[str, ...] = ()
    encoding: str = ""
