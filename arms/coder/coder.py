"""The coder as an arm: two capabilities, one model path."""

from pydantic import BaseModel, Field

from arms.arm import Arm, Capability, Emit, ModelNeed
from arms.coder.work import Code, CodeAction, CodeWork, ProseWork
from arms.coder.writing import write_code, write_prose
from arms.model.session import ModelSession
from arms.step import Artifact, Result, Step


class CodeArguments(BaseModel):
    """Arguments of "code_generation"."""

    action: CodeAction = Field(default=CodeAction.GENERATE, description="What to do with the code.")
    language: str = Field(default="", max_length=40, description="Such as python; empty lets the arm choose.")
    code: str = Field(default="", max_length=262_144, description="The code to work on.")
    failure: str = Field(
        default="", max_length=65_536, description="The failure to mend, such as a traceback."
    )


class CodeOutput(BaseModel):
    """Output of "code_generation"."""

    code: str = Field(description="The code; empty for an explanation.")
    language: str = Field(description="Its language.")
    explanation: str = Field(description="What was done and why.")


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
            description="Generates, debugs, refactors, tests and explains code.",
            arguments=CodeArguments,
            output=CodeOutput,
        ),
    )

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        """Write what the step asks for."""
        if isinstance(step.arguments, CodeArguments):
            code = await write_code(_code_work(step, step.arguments), model=model, emit=emit)
            return _result_of(code)
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
    )


def _result_of(code: Code) -> Result:
    fenced = f"```{code.language}\n{code.code}\n```" if code.code else ""
    artifact = Artifact(name=_file_name(code.language), media_type="text/plain", content=code.code)
    return Result(
        output="\n\n".join(part for part in (fenced, code.explanation) if part),
        value=CodeOutput(code=code.code, language=code.language, explanation=code.explanation),
        confidence=code.confidence,
        method="model",
        artifacts=(artifact,) if code.code else (),
    )


def _file_name(language: str) -> str:
    endings = {
        "python": "py",
        "javascript": "js",
        "typescript": "ts",
        "bash": "sh",
        "rust": "rs",
        "ruby": "rb",
    }
    return f"main.{endings.get(language, language if language.isalnum() else 'txt')}"
