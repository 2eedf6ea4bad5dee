"""The judge: does an output satisfy its criteria?"""

from typing import Annotated, Literal

from pydantic import Field

from gateway.schemas.arm_work.common import ClaimedCitation, Inputs, Limits, Mebibyte, TaskBrief, Worked
from gateway.schemas.base import Sent, Told


class ValidateRequest(Sent):
    """An output to judge."""

    task: TaskBrief = Field(description="The task; its acceptance_criteria are what is judged.")
    output: Mebibyte = Field(description="The output.")
    inputs: Inputs = Field(default=[], description="The outputs that it was made from.")
    citations: Annotated[list[ClaimedCitation], Field(max_length=200)] = Field(
        default=[], description="The citations that it claims."
    )
    limits: Limits = Field(default_factory=Limits)


class Verdict(Told):
    """The judgement of one criterion."""

    criterion: str
    passed: bool = Field(description="Whether the output satisfies it; false when that could not be decided.")
    evidence: str = Field(description="What in the output decided it.")
    confidence: float = Field(ge=0, le=1)
    method: Literal["rule", "model", "undecided"]


class ValidateResponse(Worked):
    """The judgement."""

    verdicts: list[Verdict] = Field(description="One a criterion, in their order.")
    passed: bool = Field(description="Whether every criterion passed.")
    confidence: float = Field(ge=0, le=1)
    feedback: str | None = Field(description="What must change; null when passed.")
