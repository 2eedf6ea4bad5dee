"""Steps and events as callers read them."""

from typing import Any

from octollm.arms.v1 import execution_pb2
from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.convert.values import EMPTY_OBJECT, dollars, instant, instant_of, names, raw_json

STEP_STATE = names(pb.StepState.DESCRIPTOR, prefix="STEP_STATE_")
EVENT_TYPE = {
    number: name.replace("_", ".", 1)
    for number, name in names(pb.TaskEventType.DESCRIPTOR, prefix="TASK_EVENT_TYPE_").items()
}
"""Event names as the stream writes them, such as ``task.queued``."""

TERMINAL_EVENTS = frozenset({"task.completed", "task.failed", "task.cancelled"})
"""The events that end a stream."""


def step(it: pb.Step) -> dict[str, Any]:
    """A step as callers read it; see `gateway.schemas.steps.Step`."""
    told = it.HasField("provenance")
    return {
        "step_id": it.step_id,
        "name": it.name,
        "capability": it.capability,
        "instruction": it.instruction,
        "depends_on": list(it.depends_on),
        "state": STEP_STATE[it.state],
        "attempts": it.attempts,
        "round": it.round,
        "arm_id": it.arm_id or None,
        "output": it.output or None,
        "error": it.error or None,
        "usage": usage(it.provenance.usage) if told else None,
        "provenance": provenance(it.provenance) if told else None,
        "created_at": instant(it.created_at),
        "started_at": instant_of(it, "started_at"),
        "finished_at": instant_of(it, "finished_at"),
        "duration_seconds": _duration(it),
    }


def event(it: pb.TaskEvent) -> dict[str, Any]:
    """An event as the stream's `data`; see `gateway.schemas.steps.TaskEvent`."""
    return {
        "task_id": it.task_id,
        "sequence": it.sequence,
        "type": EVENT_TYPE[it.type],
        "created_at": instant(it.created_at),
        "step_id": it.step_id or None,
        "data": raw_json(it.data_json, empty=EMPTY_OBJECT),
    }


def usage(it: execution_pb2.Usage) -> dict[str, Any]:
    """What was consumed; see `gateway.schemas.steps.Usage`."""
    return {
        "input_tokens": it.input_tokens,
        "output_tokens": it.output_tokens,
        "cost_dollars": dollars(it.cost_micros),
        "cost_known": it.cost_known,
        "model_requests": it.model_requests,
    }


def provenance(it: execution_pb2.Provenance) -> dict[str, Any]:
    """How an output came to be; see `gateway.schemas.steps.Provenance`."""
    return {
        "arm_id": it.arm_id,
        "instance_id": it.instance_id,
        "arm_version": it.arm_version,
        "model": it.model or None,
        "prompt_hash": it.prompt_hash or None,
        "confidence": it.confidence,
        "method": it.method,
        "sources": list(it.sources),
        "runs": [_run(each) for each in it.runs],
        "started_at": instant_of(it, "started_at"),
        "finished_at": instant_of(it, "finished_at"),
    }


def _run(it: execution_pb2.Run) -> dict[str, Any]:
    return {
        "command": it.command,
        "exit_code": it.exit_code,
        "stopped_by": it.stopped_by or None,
        "tests_passed": it.tests_passed,
        "tests_failed": it.tests_failed,
        "seconds": it.seconds,
    }


def _duration(it: pb.Step) -> float | None:
    if not (it.HasField("started_at") and it.HasField("finished_at")):
        return None
    nanoseconds = it.finished_at.ToNanoseconds() - it.started_at.ToNanoseconds()
    return max(0, nanoseconds) / 1e9
