"""What the guardian is given and what it decides."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from arms.step import Brief


class Direction(Enum):
    """Which way a text goes."""

    IN = "in"
    """From a user, a document or a tool into the platform."""
    OUT = "out"
    """From the platform to the caller."""


class Pii(Enum):
    """What happens to personal data."""

    REDACT = "redact"
    """It is replaced by a mark of its type."""
    ALLOW = "allow"
    """It passes."""
    BLOCK = "block"
    """A text with personal data is refused."""


class Action(IntEnum):
    """The decision; a higher value is stricter."""

    ALLOW = 1
    """The text passes as it is."""
    SANITIZE = 2
    """The text passes changed."""
    BLOCK = 3
    """The text does not pass."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that was found; it never repeats the value.

    Attributes:
        category: "pii", "secret", "injection" or "policy".
        type: the type within the category.
        severity: "low", "medium", "high" or "critical".
        start: offset of the first character in the text as it came.
        end: offset after the last character.
        reason: why it counts, for people.
    """

    category: str
    type: str
    severity: str
    start: int
    end: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class ReviewRequest:
    """A text to review.

    Attributes:
        text: the text.
        direction: which way it goes.
        pii: what happens to personal data.
        brief: the task that it belongs to.
        tenant: whose task it is.
    """

    text: str
    direction: Direction
    pii: Pii
    brief: Brief
    tenant: str = "default"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A decision on a text: what was found, and the text that may pass (empty when blocked)."""

    action: Action
    findings: tuple[Finding, ...]
    text: str
