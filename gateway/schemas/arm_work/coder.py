"""The coder: code, and words about it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.schemas.arm_work.common import Feedback, Inputs, Instruction, Limits, TaskBrief, Worked
from gateway.schemas.base import Sent, at_most_bytes

CODE_BYTES = 256 * 1024
FAILURE_BYTES = 64 * 1024
Code = Annotated[str, StringConstraints(max_length=CODE_BYTES), at_most_bytes(CODE_BYTES)]
TESTS_BYTES = 64 * 1024
Tests = Annotated[str, StringConstraints(max_length=TESTS_BYTES), at_most_bytes(TESTS_BYTES)]
Failure = Annotated[str, StringConstraints(max_length=FAILURE_BYTES), at_most_bytes(FAILURE_BYTES)]


class CodeRequest(Sent):
    """A piece of coding work."""

    task: TaskBrief = Field(default_factory=TaskBrief)
    action: Literal["generate", "debug", "refactor", "test", "explain"] = Field(description="What to do.")
    instruction: Instruction = Field(description="What is wanted, in words.")
    language: Annotated[str, StringConstraints(max_length=40)] = Field(
        default="", description="Such as `python`; empty lets the arm choose."
    )
    code: Code = Field(default="", description="The code to work on.")
    failure: Failure = Field(default="", description="The failure to mend, such as a traceback.")
    tests: Tests = Field(
        default="",
        description="Tests that the code must pass, run as they are; empty lets the arm write some.",
    )
    skip_run: bool = Field(default=False, description="Whether nothing is run.")
    feedback: Feedback = Field(default="", description="What was wrong with an earlier result.")
    inputs: Inputs = Field(default=[], description="Outputs of earlier work.")
    limits: Limits = Field(default_factory=Limits)


class CodeResponse(Worked):
    """The code."""

    code: str = Field(description="Empty for explain.")
    language: str
    explanation: str = Field(description="What was done and why.")
    verification: str | None = Field(description="What was run to check it, or why nothing was.")
    verified: bool | None = Field(
        description="Whether tests passed; false too when the code fails; null when nothing tells."
    )
    tests: str | None = Field(description="The tests that were run last; null for none.")
    tests_by: Literal["caller", "specification", "model"] | None = Field(
        description="Who wrote those tests; the specification, when they are examples found in the task."
    )
    failure: str | None = Field(description="What the last run wrote when it failed.")
