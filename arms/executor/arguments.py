"""What steps say to the executor's capabilities."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from arms.executor.actions import (
    Action,
    ExpressionAction,
    HttpAction,
    JavaScriptAction,
    PythonAction,
    ShellAction,
)
from arms.executor.artifacts import contents
from arms.executor.interpreter.expression import Expression
from arms.executor.source import code_in
from arms.step import Artifact, Step
from servicekit.egress.request import Request
from servicekit.errors import InternalError, ValidationFailedError

MOST_FILES = 100
Seconds = Annotated[int, Field(ge=1, le=300, description="How long it may take.")]


class File(BaseModel):
    """A file that a program finds in its working directory."""

    name: str = Field(min_length=1, max_length=255, description="Its path there, such as data/input.csv.")
    content: str = Field(max_length=1_048_576, description="Its content.")
    encoding: Literal["utf-8", "base64"] = Field(default="utf-8", description="base64 for binary content.")


class _WithFiles(BaseModel):
    files: list[File] = Field(
        default_factory=list[File], max_length=MOST_FILES, description="Files it finds."
    )
    outputs: list[str] = Field(
        default_factory=list[str], max_length=MOST_FILES, description="Names of files that come back."
    )
    timeout_seconds: Seconds = 30

    def contents(self) -> dict[str, bytes]:
        """Return the files' content by name."""
        return contents(
            Artifact(name=file.name, media_type="", content=file.content, encoding=file.encoding)
            for file in self.files
        )


class CodeArguments(_WithFiles):
    """Arguments of "code_execution"."""

    source: str = Field(
        default="",
        max_length=262_144,
        description="A program; empty runs the code of an earlier step.",
    )
    language: Literal["python", "javascript", "expression"] = Field(
        default="python",
        description="What the source is; an expression is short Python whose last line is its value.",
    )
    inputs: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        max_length=100,
        description="Values that an expression finds defined, by name.",
    )


class ShellArguments(_WithFiles):
    """Arguments of "shell_command"."""

    argv: list[str] = Field(min_length=1, max_length=100, description="The command and its arguments.")


class HttpArguments(BaseModel):
    """Arguments of "http_request"."""

    method: Literal["GET", "HEAD", "POST"] = Field(default="GET", description="What to ask for.")
    url: str = Field(min_length=1, max_length=2000, description="An absolute https URL.")
    headers: dict[str, str] = Field(default_factory=dict[str, str], max_length=50, description="Headers.")
    body: str = Field(default="", max_length=1_048_576, description="Body of a POST.")
    timeout_seconds: Seconds = 30


class Execution(BaseModel):
    """Output of all three."""

    exit_code: int = Field(description="Exit status, or HTTP status.")
    stopped_by: str = Field(description="Why it was stopped from outside; empty when it ended by itself.")
    truncated: bool = Field(description="Whether output was cut at its cap.")
    stdout: str = Field(description="What it wrote, or the body of the reply.")
    stderr: str = Field(description="What it wrote there, or the headers of the reply.")
    value_json: str = Field(default="", description="The value of an expression, as JSON.")


def action_of(step: Step) -> Action:
    """Return what a step asks for.

    Raises:
        ValidationFailedError: there is no code to run, or a file is not what it says.
    """
    match step.arguments:
        case CodeArguments() as given:
            return _program_of(given, source=given.source or _earlier_code(step, language=given.language))
        case ShellArguments() as given:
            return ShellAction(
                argv=tuple(given.argv),
                files=given.contents(),
                outputs=tuple(given.outputs),
                seconds=given.timeout_seconds,
            )
        case HttpArguments() as given:
            request = Request(
                method=given.method, url=given.url, headers=given.headers, body=given.body.encode()
            )
            return HttpAction(request=request, seconds=given.timeout_seconds)
        case _:
            raise InternalError("A step came without the arguments of its capability.")


def _program_of(given: CodeArguments, *, source: str) -> Action:
    if given.language == "expression":
        expression = Expression(source=source, inputs=given.inputs)
        return ExpressionAction(expression=expression, seconds=given.timeout_seconds)
    kind = JavaScriptAction if given.language == "javascript" else PythonAction
    return kind(
        source=source,
        files=given.contents(),
        outputs=tuple(given.outputs),
        seconds=given.timeout_seconds,
    )


def _earlier_code(step: Step, *, language: str) -> str:
    for given in reversed(step.inputs):
        if code := code_in(given.output, language=language):
            return code
    raise ValidationFailedError(
        "There is no code to run: no source is given, and no earlier step's output holds any.",
        field="arguments_json.source",
        reason="SOURCE_MISSING",
    )
