"""ExecutorService: proto in, call, proto out."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
from octollm.arms.v1 import execution_pb2, executor_pb2, executor_pb2_grpc

from arms import convert
from arms.calls import Calls
from arms.executor.actions import Action, HttpAction, PythonAction, ShellAction
from arms.executor.artifacts import artifacts, contents
from arms.executor.executor import Executor
from arms.executor.http.request import Request
from arms.executor.sandbox.outcome import Outcome
from arms.executor.sandbox.sandbox import Output
from arms.model.usage import CallLimits
from arms.provenance import Provenance
from arms.servicer import call_bytes
from arms.step import Artifact
from servicekit.context import set_task_id
from servicekit.errors import UnavailableError

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
            aclosing(self._executor.run(action_from(request))) as events,
        ):
            async for event in events:
                if isinstance(event, Output):
                    yield _chunk(event)
                else:
                    yield _outcome(event, provenance=record.close(confidence=1.0, method="sandbox"))


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
    if request.HasField("javascript") or request.HasField("expression"):
        raise UnavailableError(
            "This executor runs no JavaScript and no expressions.", reason="ACTION_MISSING"
        )
    files = contents(_artifact_from(file) for file in request.files)
    if request.HasField("shell"):
        return ShellAction(
            argv=tuple(request.shell.argv),
            files=files,
            outputs=tuple(request.shell.outputs),
            seconds=request.timeout_seconds,
        )
    return PythonAction(
        source=request.python.source,
        files=files,
        outputs=tuple(request.python.outputs),
        seconds=request.timeout_seconds,
    )


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
            files=[convert.artifact_to(artifact) for artifact in artifacts(outcome.files)],
            provenance=convert.provenance_to(provenance),
        )
    )
