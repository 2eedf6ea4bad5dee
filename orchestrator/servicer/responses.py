"""From the words of the domain to responses."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from google.protobuf.timestamp_pb2 import Timestamp
from octollm.arms.v1 import arm_pb2, execution_pb2
from octollm.orchestrator.v1 import arm_registry_pb2, tasks_pb2

from orchestrator.model.arm import ArmDescription
from orchestrator.model.event import Event
from orchestrator.model.output import Artifact, Citation
from orchestrator.model.provenance import Provenance
from orchestrator.model.step import Step
from orchestrator.model.task import Status, Task, TaskError, TaskResult, TaskSpec
from orchestrator.progress import duration, estimated_completion, percentage
from orchestrator.register import Arm
from orchestrator.store_tasks import DailyUsage


def task_to(task: Task) -> tasks_pb2.Task:
    """A task as it stands."""
    ended: dict[str, Timestamp] = {}
    if task.finished_at:
        ended[f"{task.status.name.lower()}_at"] = stamp(task.finished_at)
    return tasks_pb2.Task(
        task_id=task.task_id,
        status=tasks_pb2.TaskStatus.ValueType(task.status),
        spec=spec_to(task.spec),
        progress=tasks_pb2.Progress(
            phase=tasks_pb2.Phase.ValueType(task.phase),
            completed_steps=task.completed_steps,
            total_steps=task.total_steps,
            percentage=percentage(task),
        ),
        result=_result(task.result) if task.status is Status.COMPLETED and task.result else None,
        error=_error(task.error) if task.error else None,
        metadata=tasks_pb2.TaskMetadata(
            arms_used=task.arms_used,
            tokens_used=task.tokens_used,
            cost_micros=task.cost_micros,
            duration_seconds=duration(task).total_seconds(),
            cache_hit=task.cache_hit,
            labels=task.spec.labels,
        ),
        request_id=task.request_id,
        created_at=stamp(task.created_at),
        updated_at=stamp(task.updated_at),
        estimated_completion=_maybe(estimated_completion(task)),
        last_sequence=task.last_sequence,
        **ended,  # pyright: ignore[reportArgumentType]  # completed_at, failed_at or cancelled_at
    )


def spec_to(spec: TaskSpec) -> tasks_pb2.TaskSpec:
    """What was asked for, after redaction and with defaults filled in."""
    return tasks_pb2.TaskSpec(
        goal=spec.goal,
        constraints=spec.constraints,
        acceptance_criteria=spec.acceptance_criteria,
        context_json=spec.context_json,
        budget=tasks_pb2.Budget(
            max_tokens=spec.budget.max_tokens,
            max_time_seconds=spec.budget.max_time_seconds,
            max_cost_micros=spec.budget.max_cost_micros,
        ),
        priority=tasks_pb2.Priority.ValueType(spec.priority),
        labels=spec.labels,
        callback_url=spec.callback_url,
        policy=tasks_pb2.Policy(
            pii=tasks_pb2.PiiPolicy.ValueType(spec.policy.pii or 0),
            on_validation_failure=tasks_pb2.OnValidationFailure.ValueType(spec.policy.on_validation_failure),
            swarm=spec.policy.swarm,
        ),
    )


def step_to(step: Step) -> tasks_pb2.Step:
    """A step as it stands."""
    return tasks_pb2.Step(
        step_id=step.step_id,
        name=step.plan.name,
        capability=step.plan.capability,
        instruction=step.plan.instruction,
        depends_on=step.plan.depends_on,
        state=tasks_pb2.StepState.ValueType(step.state),
        attempts=step.attempts,
        arm_id=step.arm_id,
        round=step.round,
        output=step.output,
        error=step.error,
        provenance=_provenance(step.result.provenance) if step.result else None,
        created_at=_maybe(step.created_at),
        started_at=_maybe(step.started_at),
        finished_at=_maybe(step.finished_at),
    )


def event_to(event: Event) -> tasks_pb2.TaskEvent:
    """One thing that happened."""
    return tasks_pb2.TaskEvent(
        task_id=event.task_id,
        sequence=event.sequence,
        type=tasks_pb2.TaskEventType.ValueType(event.type),
        created_at=stamp(event.created_at),
        step_id=event.step_id,
        data_json=_json(event.data),
    )


def usage_to(used: DailyUsage) -> tasks_pb2.DailyUsage:
    """What a tenant used on one day."""
    return tasks_pb2.DailyUsage(
        date=used.day.isoformat(), tasks=used.tasks, tokens=used.tokens, cost_micros=used.cost_micros
    )


def arm_to(arm: Arm) -> arm_registry_pb2.Arm:
    """An arm as the register knows it."""
    return arm_registry_pb2.Arm(
        description=_description(arm.best.description),
        status=arm_registry_pb2.ArmStatus.ValueType(arm.best.status),
        status_detail=arm.best.status_detail,
        instances=arm.alive,
        last_seen_at=stamp(arm.best.last_seen_at),
        instance_id=arm.best.instance_id,
    )


def stamp(moment: datetime) -> Timestamp:
    """A protobuf timestamp."""
    made = Timestamp()
    made.FromDatetime(moment)
    return made


def _maybe(moment: datetime | None) -> Timestamp | None:
    return stamp(moment) if moment else None


def _result(result: TaskResult) -> tasks_pb2.TaskResult:
    return tasks_pb2.TaskResult(
        output=result.output,
        confidence=result.confidence,
        validation_passed=result.validation_passed,
        criteria=[
            tasks_pb2.CriterionVerdict(
                criterion=v.criterion, passed=v.passed, evidence=v.evidence, method=v.method
            )
            for v in result.criteria
        ],
        citations=map(_citation, result.citations),
        artifacts=map(_artifact, result.artifacts),
    )


def _error(error: TaskError) -> tasks_pb2.TaskError:
    return tasks_pb2.TaskError(
        type=tasks_pb2.ErrorType.ValueType(error.type),
        message=error.message,
        details_json=_json(error.details) if error.details else "",
    )


def _provenance(found: Provenance) -> execution_pb2.Provenance:
    return execution_pb2.Provenance(
        arm_id=found.arm_id,
        instance_id=found.instance_id,
        arm_version=found.arm_version,
        model=found.model,
        prompt_hash=found.prompt_hash,
        usage=execution_pb2.Usage(
            input_tokens=found.usage.input_tokens,
            output_tokens=found.usage.output_tokens,
            cost_micros=found.usage.cost_micros,
            cost_known=found.usage.cost_known,
            model_requests=found.usage.model_requests,
        ),
        started_at=_maybe(found.started_at),
        finished_at=_maybe(found.finished_at),
        confidence=found.confidence,
        sources=found.sources,
        method=found.method,
        runs=[
            execution_pb2.Run(
                command=run.command,
                exit_code=run.exit_code,
                stopped_by=run.stopped_by,
                tests_passed=run.tests_passed,
                tests_failed=run.tests_failed,
                seconds=run.seconds,
            )
            for run in found.runs
        ],
    )


def _citation(found: Citation) -> execution_pb2.Citation:
    return execution_pb2.Citation(
        document_id=found.document_id,
        title=found.title,
        chunk_id=found.chunk_id,
        quote=found.quote,
        score=found.score,
    )


def _artifact(found: Artifact) -> execution_pb2.Artifact:
    return execution_pb2.Artifact(
        name=found.name, media_type=found.media_type, content=found.content, encoding=found.encoding
    )


def _description(arm: ArmDescription) -> arm_registry_pb2.ArmDescription:
    return arm_registry_pb2.ArmDescription(
        arm_id=arm.arm_id,
        name=arm.name,
        description=arm.description,
        version=arm.version,
        capabilities=[
            arm_pb2.Capability(
                name=held.name,
                description=held.description,
                input_schema_json=held.input_schema_json,
                output_schema_json=held.output_schema_json,
            )
            for held in arm.capabilities
        ],
        cost_tier=arm.cost_tier,
        endpoint=arm.endpoint,
        max_concurrency=arm.max_concurrency,
    )


def _json(data: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(data)).decode()
