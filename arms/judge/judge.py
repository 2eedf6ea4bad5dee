"""The judge as an arm, for whoever asks through the common door."""

from pydantic import BaseModel, Field

from arms.arm import Arm, Capability, Emit, ModelNeed
from arms.judge.judging import judge_output
from arms.judge.verdict import Judgement, JudgeRequest
from arms.model.session import ModelSession
from arms.programs.program import Runner
from arms.step import Result, Step


class ValidateArguments(BaseModel):
    """Arguments of "validate"; the criteria are the task's."""

    output: str = Field(max_length=1_048_576, description="The output to judge.")


class VerdictOutput(BaseModel):
    """The judgement of one criterion."""

    criterion: str
    passed: bool
    evidence: str
    confidence: float
    method: str


class ValidateOutput(BaseModel):
    """Output of "validate"."""

    passed: bool
    verdicts: list[VerdictOutput]
    feedback: str


class Judge(Arm):
    """Says whether an output satisfies its criteria."""

    arm_id = "judge"
    name = "Judge"
    description = "Gives a verdict with evidence for every acceptance criterion, deterministic checks first."
    cost_tier = 2
    max_concurrency = 8
    model_need = ModelNeed.HELPS
    capabilities = (
        Capability(
            name="validate",
            description="Judges an output by the task's acceptance criteria.",
            arguments=ValidateArguments,
            output=ValidateOutput,
        ),
    )

    def __init__(self, *, runner: Runner) -> None:
        self._runner = runner

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        """Judge the output in the arguments."""
        del emit
        output = step.arguments.output if isinstance(step.arguments, ValidateArguments) else ""
        request = JudgeRequest(brief=step.brief, output=output, inputs=step.inputs)
        return _result_of(await judge_output(request, model=model, runner=self._runner))


def _result_of(judgement: Judgement) -> Result:
    return Result(
        output=judgement.feedback or "every criterion is satisfied",
        value=ValidateOutput(
            passed=judgement.passed,
            feedback=judgement.feedback,
            verdicts=[
                VerdictOutput(
                    criterion=verdict.criterion,
                    passed=verdict.passed,
                    evidence=verdict.evidence,
                    confidence=verdict.confidence,
                    method=verdict.method,
                )
                for verdict in judgement.verdicts
            ],
        ),
        confidence=judgement.confidence,
        method=judgement.method,
    )
