"""What an arm is told and what it gives back; imports no RPC."""

from dataclasses import dataclass, field
from typing import Any, cast

import orjson
from pydantic import BaseModel

from arms.model.usage import CallLimits


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What an arm is told of the task.

    Attributes:
        task_id: the task; empty for a direct call.
        goal: what the caller wants.
        constraints: what the work must respect.
        acceptance_criteria: what the result must satisfy.
        context_json: a JSON object that the caller sent along; empty for none.
    """

    task_id: str = ""
    goal: str = ""
    constraints: tuple[str, ...] = ()
    acceptance_criteria: tuple[str, ...] = ()
    context_json: str = ""

    @property
    def context(self) -> dict[str, Any]:
        """The context; empty when there is none, under the name "context" when it is no object."""
        if not self.context_json:
            return {}
        try:
            value: Any = orjson.loads(self.context_json)
        except ValueError:
            return {"context": self.context_json}
        return cast("dict[str, Any]", value) if isinstance(value, dict) else {"context": value}


@dataclass(frozen=True, kw_only=True)
class StepInput:
    """The output of an earlier step: which one, what it was to do, what came out."""

    step_id: str
    name: str
    output: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step to do.

    Attributes:
        brief: the task that it belongs to.
        step_id: the step.
        attempt: which try this is, from 1.
        idempotency_key: the same for every try of the same step.
        capability: which of the arm's capabilities is asked for.
        instruction: what to do, in words.
        arguments: an instance of the capability's `arguments` type, a dict where that is a JSON Schema; None
            when it takes none.
        inputs: outputs of the steps that this one depends on.
        feedback: what the judge found wrong with an earlier result; empty on the first round.
        limits: what models may consume.
    """

    brief: Brief
    step_id: str
    attempt: int
    idempotency_key: str
    capability: str
    instruction: str
    arguments: BaseModel | dict[str, Any] | None = None
    inputs: tuple[StepInput, ...] = ()
    feedback: str = ""
    limits: CallLimits = field(default_factory=CallLimits)


@dataclass(frozen=True, kw_only=True)
class Citation:
    """A place in a source that supports an output; `score` is its relevance from 0 to 1."""

    document_id: str
    title: str = ""
    chunk_id: str = ""
    quote: str = ""
    score: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A named piece of output beside the text; binary content is base64 with encoding "base64"."""

    name: str
    media_type: str
    content: str
    encoding: str = "utf-8"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A program that was run in the sandbox to check a result.

    Attributes:
        command: what was run.
        exit_code: its exit status.
        stopped_by: why it was stopped from outside; empty when it ended by itself.
        tests_passed: tests that passed; 0 when it was run without tests.
        tests_failed: tests that failed.
        seconds: how long it took.
    """

    command: str
    exit_code: int
    stopped_by: str = ""
    tests_passed: int = 0
    tests_failed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a step made.

    Attributes:
        output: as text.
        value: as an instance of the capability's `output` type, a dict where that is a JSON Schema; None when
            it is plain text.
        confidence: how sure the arm is, 0 to 1.
        method: how it was decided, such as "rule" or "model".
        citations: where the claims come from.
        artifacts: further pieces of output.
        sources: identifiers of what went in: documents, earlier steps.
        runs: programs that were run to check it.
    """

    output: str
    value: BaseModel | dict[str, Any] | None = None
    confidence: float
    method: str
    citations: tuple[Citation, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    sources: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the work is.

    Attributes:
        message: for people, one short line.
        fraction: 0 to 1; None when it cannot be known.
        text_delta: new text of the output since the last report.
    """

    message: str = ""
    fraction: float | None = None
    text_delta: str = ""
