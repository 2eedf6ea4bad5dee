"""Tasks: from the REST request to the proto, and back to the REST shape."""

from typing import Any

from octollm.arms.v1.execution_pb2 import Artifact, Citation
from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.convert.values import (
    EMPTY_OBJECT,
    MICROS,
    dollars,
    instant,
    instant_of,
    names,
    numbers,
    raw_json,
)
from gateway.routing.strict_json import compact
from gateway.schemas.tasks import ListTasksQuery, TaskRequest

STATUS = names(pb.TaskStatus.DESCRIPTOR, prefix="TASK_STATUS_")
PRIORITY = names(pb.Priority.DESCRIPTOR, prefix="PRIORITY_")
PHASE = names(pb.Phase.DESCRIPTOR, prefix="PHASE_")
ERROR_TYPE = {
    number: name.upper() for number, name in names(pb.ErrorType.DESCRIPTOR, prefix="ERROR_TYPE_").items()
}

_STATUS_NUMBER: Any = numbers(pb.TaskStatus.DESCRIPTOR, prefix="TASK_STATUS_")
_PRIORITY_NUMBER: Any = numbers(pb.Priority.DESCRIPTOR, prefix="PRIORITY_")
_SORT_NUMBER: Any = numbers(pb.TaskSort.DESCRIPTOR, prefix="TASK_SORT_")
_ORDER_NUMBER: Any = numbers(pb.SortOrder.DESCRIPTOR, prefix="SORT_ORDER_")
_PII_NUMBER: Any = numbers(pb.PiiPolicy.DESCRIPTOR, prefix="PII_POLICY_")
_FAILURE_NUMBER: Any = numbers(pb.OnValidationFailure.DESCRIPTOR, prefix="ON_VALIDATION_FAILURE_")


def to_spec(request: TaskRequest) -> pb.TaskSpec:
    """What the caller asks for, as the orchestrator takes it."""
    return pb.TaskSpec(
        goal=request.goal,
        constraints=request.constraints,
        acceptance_criteria=request.acceptance_criteria,
        context_json=compact(request.context) if request.context else "",
        budget=pb.Budget(
            max_tokens=request.budget.max_tokens,
            max_time_seconds=request.budget.max_time_seconds,
            # Rounded down: a budget is never overshot by a fraction of a millionth.
            max_cost_micros=int(request.budget.max_cost_dollars * MICROS + 1e-6),
        ),
        priority=_PRIORITY_NUMBER[request.priority],
        labels=request.metadata,
        callback_url=request.callback_url or "",
        policy=pb.Policy(
            pii=_PII_NUMBER[request.policy.pii],
            on_validation_failure=_FAILURE_NUMBER[request.policy.on_validation_failure],
            swarm=request.policy.swarm,
        ),
    )


def to_list_request(query: ListTasksQuery) -> pb.ListTasksRequest:
    """Which tasks, as the orchestrator takes it."""
    request = pb.ListTasksRequest(
        page=query.page,
        page_size=query.page_size,
        sort_by=_SORT_NUMBER[query.sort_by],
        order=_ORDER_NUMBER[query.order],
        statuses=[_STATUS_NUMBER[status] for status in query.status],
        priorities=[_PRIORITY_NUMBER[priority] for priority in query.priority],
    )
    if query.created_after:
        request.created_after.FromDatetime(query.created_after)
    if query.created_before:
        request.created_before.FromDatetime(query.created_before)
    return request


def task(it: pb.Task) -> dict[str, Any]:
    """A task as callers read it; see `gateway.schemas.tasks.Task`."""
    spec, progress = it.spec, it.progress
    return {
        "task_id": it.task_id,
        "status": STATUS[it.status],
        "goal": spec.goal,
        "constraints": list(spec.constraints),
        "acceptance_criteria": list(spec.acceptance_criteria),
        "context": raw_json(spec.context_json, empty=EMPTY_OBJECT),
        "budget": {
            "max_tokens": spec.budget.max_tokens,
            "max_time_seconds": spec.budget.max_time_seconds,
            "max_cost_dollars": dollars(spec.budget.max_cost_micros),
        },
        "priority": PRIORITY.get(spec.priority, "medium"),
        "progress": {
            "current_step": PHASE.get(progress.phase, "preprocessing"),
            "completed_steps": progress.completed_steps,
            "total_steps": progress.total_steps,
            "percentage": progress.percentage,
        },
        "result": _result(it.result) if it.HasField("result") else None,
        "error": _error(it.error) if it.HasField("error") else None,
        "metadata": _metadata(it.metadata),
        "request_id": it.request_id,
        "created_at": instant(it.created_at),
        "updated_at": instant(it.updated_at),
        "completed_at": instant_of(it, "completed_at"),
        "failed_at": instant_of(it, "failed_at"),
        "cancelled_at": instant_of(it, "cancelled_at"),
        "estimated_completion": instant_of(it, "estimated_completion"),
    }


def citation(it: Citation) -> dict[str, Any]:
    """The place of a claim's source; see `gateway.schemas.tasks.Citation`."""
    return {
        "document_id": it.document_id,
        "title": it.title,
        "chunk_id": it.chunk_id,
        "quote": it.quote,
        "score": it.score,
    }


def artifact(it: Artifact) -> dict[str, Any]:
    """A named piece of output; see `gateway.schemas.tasks.Artifact`."""
    return {
        "name": it.name,
        "media_type": it.media_type,
        "content": it.content,
        "encoding": it.encoding or "utf-8",
    }


def day(it: pb.DailyUsage) -> dict[str, Any]:
    """What was used on one day; see `gateway.schemas.usage.DailyUsage`."""
    return {"date": it.date, "tasks": it.tasks, "tokens": it.tokens, "cost_dollars": dollars(it.cost_micros)}


def _result(it: pb.TaskResult) -> dict[str, Any]:
    return {
        "output": it.output,
        "confidence": it.confidence,
        "validation_passed": it.validation_passed,
        "criteria": [
            {"criterion": verdict.criterion, "passed": verdict.passed, "evidence": verdict.evidence}
            for verdict in it.criteria
        ],
        "citations": [citation(each) for each in it.citations],
        "artifacts": [artifact(each) for each in it.artifacts],
    }


def _error(it: pb.TaskError) -> dict[str, Any]:
    return {
        "type": ERROR_TYPE.get(it.type, "INTERNAL"),
        "message": it.message,
        "details": raw_json(it.details_json, empty=EMPTY_OBJECT),
    }


def _metadata(it: pb.TaskMetadata) -> dict[str, Any]:
    return {
        "arms_used": list(it.arms_used),
        "tokens_used": it.tokens_used,
        "cost_dollars": dollars(it.cost_micros),
        "duration_seconds": it.duration_seconds,
        "cache_hit": it.cache_hit,
        "labels": dict(it.labels),
    }
