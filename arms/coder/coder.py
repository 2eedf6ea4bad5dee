"""The coder as an arm: two capabilities, one model path."""

from pydantic import BaseModel, Field

from arms.arm import Arm, Capability, Emit, ModelNeed
from arms.coder.checking import write_checked_code
from arms.coder.trying import Bench
from arms.coder.work import Code, CodeAction, CodeWork, ProseWork
from arms.coder.writing import write_prose
from arms.model.session import ModelSession
from arms.programs.program import Runner
from arms.step import Artifact, Result, Step


class CodeArguments(BaseModel):
    """Arguments of "code_generation"."""

    action: CodeAction = Field(default=CodeAction.GENERATE, description="What to do with the code.")
    language: str = Field(default="", max_length=40, description="Such as python; empty lets the arm choose.")
    code: str = Field(default="", max_length=262_144, description="The code to work on.")
    failure: str = Field(
        default="", max_length=65_536, description="The failure to mend, such as a traceback."
    )
    tests: str = Field(
        default="",
        max_length=65_536,
        description="Tests that the code must pass, in its language; they see its names.",
    )
    skip_run: bool = Field(default=False, description="True: nothing is run.")


class CodeOutput(BaseModel):
    """Output of "code_generation"."""

    code: str = Field(description="The code; empty for an explanation.")
    language: str = Field(description="Its language.")
    explanation: str = Field(description="What was done and why.")
    verification: str = Field(description="What was run to check it, or why nothing was.")
    verified: bool | None = Field(
        description="Whether tests passed; false too when the code fails; null when nothing tells."
    )
    tests: str = Field(description="The tests that were run.")
    tests_by: str = Field(description="Who wrote them: caller, specification or model.")
    failure: str = Field(description="What failed in the last run; empty when nothing did.")


class Coder(Arm):
    """Writes code and prose with a language model."""

    arm_id = "coder"
    name = "Coder"
    description = "Writes, mends, tests and explains code, and writes prose: summaries, extracts, answers."
    cost_tier = 3
    max_concurrency = 4
    model_need = ModelNeed.REQUIRED
    capabilities = (
        Capability(
            name="text_generation",
            description="Writes prose from given material: summarises, extracts, rewrites, answers, drafts.",
        ),
        Capability(
            name="code_generation",
            description="Generates, debugs, refactors, tests and explains code; runs Python and JavaScript.",
            arguments=CodeArguments,
            output=CodeOutput,
        ),
    )

    def __init__(self, *, runner: Runner) -> None:
        self._runner = runner

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        """Write what the step asks for."""
        if isinstance(step.arguments, CodeArguments):
            bench = Bench(model=model, runner=self._runner, emit=emit)
            return _result_of(await write_checked_code(_code_work(step, step.arguments), bench=bench))
        prose = await write_prose(
            ProseWork(
                brief=step.brief, instruction=step.instruction, inputs=step.inputs, feedback=step.feedback
            ),
            model=model,
            emit=emit,
        )
        return Result(output=prose.text, confidence=prose.confidence, method="model")


def _code_work(step: Step, arguments: CodeArguments) -> CodeWork:
    return CodeWork(
        brief=step.brief,
        action=arguments.action,
        instruction=step.instruction,
        language=arguments.language,
        code=arguments.code,
        failure=arguments.failure,
        inputs=step.inputs,
        feedback=step.feedback,
        tests=arguments.tests,
        skip_run=arguments.skip_run,
    )


def _result_of(code: Code) -> Result:
    fenced = f"```{code.language}\n{code.code}\n```" if code.code else ""
    words = code.check.words if code.code else ""
    return Result(
        output="\n\n".join(part for part in (fenced, code.explanation, words) if part),
        value=CodeOutput(
            code=code.code,
            language=code.language,
            explanation=code.explanation,
            verification=code.check.words,
            verified=code.check.verified,
            tests=code.check.tests,
            tests_by=code.check.tests_by,
            failure=code.check.failure,
        ),
        confidence=code.confidence,
        method=method_of(code),
        artifacts=_artifacts(code),
        runs=code.check.runs,
    )


def method_of(code: Code) -> str:
    """How it was decided that the code is good."""
    return "model and sandbox" if code.check.runs else "model"


def _artifacts(code: Code) -> tuple[Artifact, ...]:
    tests = code.check.tests if code.check.tests != code.code else ""
    texts = {_file_name(code.language): code.code, _file_name(code.language, stem="tests"): tests}
    return tuple(
        Artifact(name=name, media_type="text/plain", content=text) for name, text in texts.items() if text
    )


def _file_name(language: str, *, stem: str = "main") -> str:
    endings = {
        "python": "py",
        "javascript": "js",
        "typescript": "ts",
        "bash": "sh",
        "rust": "rs",
        "ruby": "rb",
    }
    return f"{stem}.{endings.get(language, language if language.isalnum() else 'txt')}"
