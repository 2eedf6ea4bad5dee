"""The executor's work."""

from typing import Any

from octollm.arms.v1 import executor_pb2 as pb

from gateway.convert.arm_work.common import to_brief, to_files, to_json, worked
from gateway.convert.tasks import artifact
from gateway.convert.values import checked_json
from gateway.schemas.arm_work.executor import INPUTS_BYTES, ExecuteRequest

ACTS = {
    "python": "code_execution",
    "javascript": "code_execution",
    "expression": "code_execution",
    "shell": "shell_command",
    "http": "http_request",
}
"""The capability that each action takes."""


def to_action(request: ExecuteRequest) -> pb.RunActionRequest:
    """One action, as the executor takes it."""
    asked = pb.RunActionRequest(
        task=to_brief(request.task), files=to_files(request.files), timeout_seconds=request.timeout_seconds
    )
    if request.python:
        asked.python.source = request.python.source
        asked.python.outputs.extend(request.python.outputs)
    elif request.javascript:
        asked.javascript.source = request.javascript.source
        asked.javascript.outputs.extend(request.javascript.outputs)
    elif request.expression:
        asked.expression.source = request.expression.source
        asked.expression.inputs_json = to_json(
            request.expression.inputs, field="expression.inputs", most=INPUTS_BYTES
        )
    elif request.shell:
        asked.shell.argv.extend(request.shell.argv)
        asked.shell.outputs.extend(request.shell.outputs)
    elif request.http:
        asked.http.method, asked.http.url = request.http.method, request.http.url
        asked.http.headers.update(request.http.headers)
        asked.http.body = request.http.body.encode()
    return asked


def act_of(request: pb.RunActionRequest) -> str:
    """The capability that an action takes."""
    return ACTS[request.WhichOneof("action") or "python"]


def outcome(it: pb.ActionOutcome, *, stdout: bytes, stderr: bytes) -> dict[str, Any]:
    """How an action ended; see `gateway.schemas.arm_work.executor.ExecuteResponse`."""
    return {
        "exit_code": it.exit_code,
        "stopped_by": it.stopped_by or None,
        "truncated": it.truncated,
        "stdout": stdout.decode(errors="replace"),
        "stderr": stderr.decode(errors="replace"),
        "value": checked_json(it.value_json),
        "files": [artifact(file) for file in it.files],
        "seconds": it.seconds,
        **worked(it.provenance),
    }
