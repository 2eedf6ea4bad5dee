"""The guardian as an arm, for whoever asks through the common door."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from arms.arm import Arm, Capability, Emit
from arms.guardian.review import Action, Checked, Direction, Pii, ReviewRequest
from arms.guardian.reviewing import Reviewer
from arms.model.session import ModelSession
from arms.step import Result, Step
from servicekit.errors import ConflictError
from servicekit.principal import current_principal


class ReviewArguments(BaseModel):
    """Arguments of "review"."""

    text: str = Field(min_length=1, max_length=1_048_576, description="The text to review.")
    direction: Direction = Field(default=Direction.OUT, description="Which way it goes.")
    pii: Pii = Field(default=Pii.REDACT, description="What happens to personal data.")


class ScreenArguments(BaseModel):
    """Arguments of "screen"."""

    text: str = Field(min_length=1, max_length=1_048_576, description="The text that comes in.")
    pii: Pii = Field(default=Pii.REDACT, description="What happens to personal data.")


class FindingOutput(BaseModel):
    """Something that was found."""

    category: str
    type: str
    severity: str
    start: int
    end: int
    reason: str


class ReviewOutput(BaseModel):
    """Output of "review"."""

    action: str = Field(description="allow or sanitize; a blocked text is an error")
    findings: list[FindingOutput]


_SCREEN = Capability(
    name="screen",
    description="Decides whether what comes in may be worked on at all, by the policy of the house.",
    arguments=ScreenArguments,
    output=ReviewOutput,
)


class Guardian(Arm):
    """Reviews what comes in and what goes out.

    Args:
        reviewer: decides on texts.
        screens: whether its policy speaks of what comes in; then it says so, and is asked before the planner.
    """

    arm_id = "guardian"
    name = "Guardian"
    description = "Applies the reflex's findings and the house's policy to texts that come in or go out."
    cost_tier = 1
    max_concurrency = 32
    capabilities: Sequence[Capability] = (
        Capability(
            name="review",
            description="Decides whether a text may pass, and redacts what must not.",
            arguments=ReviewArguments,
            output=ReviewOutput,
        ),
    )

    def __init__(self, *, reviewer: Reviewer, screens: bool = False) -> None:
        self._reviewer = reviewer
        if screens:
            self.capabilities = (*self.capabilities, _SCREEN)

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        """Review the text of the arguments; the output is the text that may pass.

        Raises:
            ConflictError: reason BLOCKED: the text may not pass.
            UnavailableError: the reflex cannot be reached.
        """
        del model, emit
        arguments = _review_of(step)
        checked = await self._reviewer.review(
            ReviewRequest(
                text=arguments.text,
                direction=arguments.direction,
                pii=arguments.pii,
                brief=step.brief,
                tenant=current_principal().tenant,
            )
        )
        if checked.action is Action.BLOCK:
            kinds = sorted({f"{found.category}.{found.type}" for found in checked.findings})
            raise ConflictError(f"the text may not pass: {', '.join(kinds)}", reason="BLOCKED")
        return _result_of(checked)


def _review_of(step: Step) -> ReviewArguments:
    if isinstance(step.arguments, ScreenArguments):
        return ReviewArguments(text=step.arguments.text, direction=Direction.IN, pii=step.arguments.pii)
    return ReviewArguments.model_validate(step.arguments)


def _result_of(checked: Checked) -> Result:
    return Result(
        output=checked.text,
        value=ReviewOutput(
            action=checked.action.name.lower(),
            findings=[
                FindingOutput(
                    category=found.category,
                    type=found.type,
                    severity=found.severity,
                    start=found.start,
                    end=found.end,
                    reason=found.reason,
                )
                for found in checked.findings
            ],
        ),
        confidence=1.0,
        method="rule",
    )
