"""The executor: programs, commands and requests in the sandbox."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateway.schemas.arm_work.common import Mebibyte, SentFile, TaskBrief, Worked
from gateway.schemas.base import Sent, at_most_bytes
from gateway.schemas.tasks import Artifact

SOURCE_BYTES = 256 * 1024
Source = Annotated[str, StringConstraints(min_length=1, max_length=SOURCE_BYTES), at_most_bytes(SOURCE_BYTES)]
EXPRESSION_BYTES = 16 * 1024
Expression = Annotated[
    str, StringConstraints(min_length=1, max_length=EXPRESSION_BYTES), at_most_bytes(EXPRESSION_BYTES)
]
INPUTS_BYTES = 256 * 1024
Outputs = Annotated[list[str], Field(max_length=100)]


class PythonAction(Sent):
    """A Python program."""

    source: Source = Field(description="Its source.")
    outputs: Outputs = Field(default=[], description="Names of files that come back.")


class JavaScriptAction(Sent):
    """A JavaScript program for Node.js."""

    source: Source = Field(description="Its source, with CommonJS modules.")
    outputs: Outputs = Field(default=[], description="Names of files that come back.")


class ExpressionAction(Sent):
    """A short piece of Python whose last expression is its value."""

    source: Expression = Field(description="An expression, or statements with an expression at the end.")
    inputs: dict[str, Any] = Field(
        default_factory=dict, description="Names that it finds defined: at most 256 KiB as JSON."
    )


class ShellAction(Sent):
    """One command, without a shell."""

    argv: Annotated[list[str], Field(min_length=1, max_length=100)] = Field(
        description="A command from the allow-list, and its arguments."
    )
    outputs: Outputs = Field(default=[], description="Names of files that come back.")


class HttpAction(Sent):
    """One HTTP request through the egress guard."""

    method: Literal["GET", "HEAD", "POST"] = "GET"
    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] = Field(
        description="An absolute https URL of a host that is allowed."
    )
    headers: Annotated[dict[str, str], Field(max_length=50)] = Field(default_factory=dict)
    body: Mebibyte = Field(default="", description="Sent as UTF-8.")


ACTIONS = ("python", "javascript", "expression", "shell", "http")


class ExecuteRequest(Sent):
    """One action: exactly one of python, javascript, expression, shell and http."""

    task: TaskBrief = Field(default_factory=TaskBrief)
    python: PythonAction | None = None
    javascript: JavaScriptAction | None = None
    expression: ExpressionAction | None = None
    shell: ShellAction | None = None
    http: HttpAction | None = None
    files: Annotated[list[SentFile], Field(max_length=100)] = Field(
        default=[], description="Files that the program finds in its working directory."
    )
    timeout_seconds: int = Field(default=30, ge=1, le=300, description="Wall-clock limit.")

    @model_validator(mode="after")
    def exactly_one(self) -> Self:
        """Refuse none and several."""
        if sum(getattr(self, name) is not None for name in ACTIONS) != 1:
            raise PydanticCustomError("exactly_one", f"must be given exactly one of {', '.join(ACTIONS)}")
        return self


class ExecuteResponse(Worked):
    """How an action ended."""

    exit_code: int = Field(description="The exit status, or the HTTP status.")
    stopped_by: str | None = Field(description="Why it was stopped from outside, such as `wall_clock`.")
    truncated: bool = Field(description="Whether output was cut at the cap.")
    stdout: str = Field(description="What was written, or the HTTP body; bytes that are no text are marks.")
    stderr: str = Field(description="What was written to standard error, or the HTTP headers.")
    value: Any = Field(description="The value of an expression; null for other actions.")
    files: list[Artifact]
    seconds: float = Field(ge=0, description="How long it took.")
