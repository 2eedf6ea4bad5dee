"""The guardian: what may come in and what may go out."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.schemas.arm_work.common import MIB, TaskBrief, Worked
from gateway.schemas.base import Sent, Told, at_most_bytes

Content = Annotated[str, StringConstraints(min_length=1, max_length=MIB), at_most_bytes(MIB)]


class ReviewRequest(Sent):
    """A text to review."""

    task: TaskBrief = Field(default_factory=TaskBrief)
    text: Content = Field(description="The text.")
    direction: Literal["in", "out"] = Field(
        description="`in`: from a user, a document or a tool into the platform; `out`: to the caller."
    )
    pii: Literal["redact", "allow", "block"] = Field(
        default="redact", description="What happens to personal data."
    )


class ReviewFinding(Told):
    """Something that was found; it never repeats the value."""

    category: Literal["pii", "secret", "injection", "policy"]
    type: str
    severity: Literal["low", "medium", "high", "critical"]
    start: int = Field(ge=0, description="Offset of its first character.")
    end: int = Field(ge=0, description="Offset after its last character.")
    reason: str


class ReviewResponse(Worked):
    """The decision on a text."""

    action: Literal["allow", "sanitize", "block"]
    findings: list[ReviewFinding]
    sanitized_text: str | None = Field(description="The text that may pass; null when it is blocked.")
