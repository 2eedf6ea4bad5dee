"""What the work of several arms has in common."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gateway.schemas.base import Sent, Told, at_most_bytes
from gateway.schemas.steps import Provenance, Usage

Instruction = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Feedback = Annotated[str, StringConstraints(max_length=20_000)]
CapabilityName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,62}$")]
Lines = Annotated[list[str], Field(max_length=20)]

MIB = 1024 * 1024
Mebibyte = Annotated[str, StringConstraints(max_length=MIB), at_most_bytes(MIB)]
"""A text of 1 MiB at most."""

CONTEXT_BYTES = 128 * 1024
"""Bytes that a brief's context may have as JSON."""


class TaskBrief(Sent):
    """What an arm is told of the task behind its work."""

    goal: Annotated[str, StringConstraints(max_length=10_000)] = Field(default="", description="Its goal.")
    constraints: Lines = Field(default=[], description="What the work must respect.")
    acceptance_criteria: Lines = Field(default=[], description="What the result must satisfy.")
    context: dict[str, Any] = Field(
        default_factory=dict, description="Whatever the work needs to know: at most 128 KiB as JSON."
    )


class Limits(Sent):
    """What one call may use; the arm's own limits hold where nothing is said."""

    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000, description="Model tokens.")
    max_cost_dollars: float | None = Field(default=None, ge=0, le=100, description="US dollars.")


class StepInput(Sent):
    """An output of earlier work to build on."""

    step_id: str = Field(default="", description="What the work is called.")
    name: str = Field(default="", description="What it was to do.")
    output: str = Field(description="Its output.")


Inputs = Annotated[list[StepInput], Field(max_length=20)]


class ClaimedCitation(Sent):
    """A citation that an output claims."""

    document_id: str
    title: str = ""
    chunk_id: str = ""
    quote: str = ""
    score: float = 0.0


class SentFile(Sent):
    """A file for the work."""

    name: str = Field(description="Its name, such as `main.py`.")
    media_type: str = Field(default="", description="Its media type; found from the name where it matters.")
    content: str = Field(description="Its content.")
    encoding: Literal["utf-8", "base64"] = Field(default="utf-8", description="How the content is written.")


class Worked(Told):
    """How a result came to be."""

    usage: Usage
    provenance: Provenance
