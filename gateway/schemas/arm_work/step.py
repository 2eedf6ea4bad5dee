"""One step for any arm, a third party's included."""

from typing import Any

from pydantic import Field

from gateway.schemas.arm_work.common import (
    CapabilityName,
    Feedback,
    Inputs,
    Instruction,
    Limits,
    TaskBrief,
    Worked,
)
from gateway.schemas.base import Sent
from gateway.schemas.tasks import Artifact, Citation

ARGUMENTS_BYTES = 1024 * 1024


class StepRequest(Sent):
    """One step to do."""

    task: TaskBrief = Field(default_factory=TaskBrief)
    capability: CapabilityName = Field(description="Which of the arm's capabilities is asked for.")
    instruction: Instruction = Field(description="What to do, in words.")
    arguments: dict[str, Any] | None = Field(
        default=None, description="By the capability's input schema: at most 1 MiB as JSON."
    )
    inputs: Inputs = Field(default=[], description="Outputs of earlier work.")
    feedback: Feedback = Field(default="", description="What was wrong with an earlier result.")
    limits: Limits = Field(default_factory=Limits)


class StepResponse(Worked):
    """What the step made."""

    output: str
    value: Any = Field(description="The output by the capability's output schema; null when it is text only.")
    confidence: float = Field(ge=0, le=1)
    citations: list[Citation]
    artifacts: list[Artifact]
