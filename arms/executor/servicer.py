"""ExecutorService: proto in, call, proto out."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import grpc
import orjson
from octollm.arms.v1 import execution_pb2, executor_pb2, executor_pb2_grpc

from arms import convert
from arms.calls import Calls
from arms.executor.actions import (
    Action,
    ExpressionAction,
    HttpAction,
    JavaScriptAction,
    PythonAction,
    ShellAction,
)
from arms.executor.artifacts import artifacts, contents
from arms.executor.executor import Executor
from arms.executor.interpreter.expression import Expression
from arms.executor.sandbox.outcome import Outcome
from arms.executor.sandbox.sandbox import Output
from arms.model.usage import CallLimits
from arms.provenance import Provenance
from arms.step import Artifact
from servicekit.capability.call import call_bytes
from servicekit.context import set_task_id
from servicekit.egress.request import Request
from servicekit.errors import ValidationFailedError
from servicekit.principal import current_principal

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = executor_pb2.DESCRIPTOR.services_by_name["ExecutorService"].full_name

_ACTS = {
    "python": "code_execution",
    "javascript": "code_execution",
    "expression": "code_execution",
    "shell": "shell_command",
    "http": "http_request",
}
"""The capability that each action takes."""


class ExecutorServicer(executor_pb2_grpc.ExecutorServiceServicer):
    """Serves the executor."""

    def __init__(self, *, calls: Calls, executor: Executor) -> None:
        self._calls = calls
        self._executor = executor

    async def RunAction(  # gRPC's name
        self, request: executor_pb2.RunActionRequest, context: Context
    ) -> AsyncIterator[executor_pb2.RunActionResponse]:
        """Run one action: output as it comes, then one outcome."""
        del context
        set_task_id(request.task.task_id)
        async with (
            self._calls.begin(
                act=_ACTS[request.WhichOneof("action") or "python"],
                token=request.capability_token,
                call=call_bytes(request),
                limits=CallLimits(),
            ) as record,
            aclosing(self._executor.run(action_from(request), tenant=current_principal().tenant)) as events,
        ):
            async for event in events:
                if isinstance(event, Output):
                    yield _chunk(event)
                else:
                    yield _outcome(event, provenance=record.close(confidence=1.0, method=event.method))


def action_from(request: executor_pb2.RunActionRequest) -> Action:
    """The action of a request."""
    if request.HasField("http"):
        asked = Request(
            method=request.http.method,
            url=request.http.url,
            headers=dict(request.http.headers),
            body=request.http.body,
        )
        return HttpAction(request=asked, seconds=request.timeout_seconds)
    if request.HasField("expression"):
        expression = Expression(
            source=request.expression.source, inputs=_inputs(request.expression.inputs_json)
        )
        return ExpressionAction(expression=expression, seconds=request.timeout_seconds)
    files = contents(_artifact_from(file) for file in request.files)
    if request.HasField("shell"):
        return ShellAction(
            argv=tuple(request.shell.argv),
            files=files,
            outputs=tuple(request.shell.outputs),
            seconds=request.timeout_seconds,
        )
    if request.HasField("javascript"):
        return JavaScriptAction(
            source=request.javascript.source,
            files=files,
            outputs=tuple(request.javascript.outputs),
            seconds=request.timeout_seconds,
        )
    return PythonAction(
        source=request.python.source,
        files=files,
        outputs=tuple(request.python.outputs),
        seconds=request.timeout_seconds,
    )


def _inputs(text: str) -> dict[str, Any]:
    try:
        value: Any = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise ValidationFailedError(
            "expression.inputs_json is no JSON object.",
            field="expression.inputs_json",
            constraint="must be a JSON object",
            reason="INPUTS_INVALID",
        )
    return cast("dict[str, Any]", value)


def _artifact_from(message: execution_pb2.Artifact) -> Artifact:
    return Artifact(
        name=message.name, media_type=message.media_type, content=message.content, encoding=message.encoding
    )


def _chunk(output: Output) -> executor_pb2.RunActionResponse:
    chunk = executor_pb2.OutputChunk(stream=output.stream, data=output.data)
    return executor_pb2.RunActionResponse(chunk=chunk)


def _outcome(outcome: Outcome, *, provenance: Provenance) -> executor_pb2.RunActionResponse:
    return executor_pb2.RunActionResponse(
        outcome=executor_pb2.ActionOutcome(
            exit_code=outcome.exit_code,
            stopped_by=outcome.stopped_by,
            truncated=outcome.truncated,
            value_json=outcome.value,
            seconds=outcome.seconds,
            files=[convert.artifact_to(artifact) for artifact in artifacts(outcome.files)],
            provenance=convert.provenance_to(provenance),
        )
    )
