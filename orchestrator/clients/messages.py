"""Between the messages of arms and the words of the domain."""

from collections.abc import Sequence
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from octollm.arms.v1 import arm_pb2, execution_pb2, judge_pb2, planner_pb2

from orchestrator.budget import Reservation
from orchestrator.calls import Brief, StepInput
from orchestrator.model.output import Artifact, Citation
from orchestrator.model.provenance import Provenance, Run, Usage
from orchestrator.model.step import Plan, PlannedStep, StepResult
from orchestrator.model.verdict import Judgement, Verdict


def brief_to(brief: Brief) -> execution_pb2.TaskBrief:
    """What an arm is told of the task."""
    return execution_pb2.TaskBrief(
        task_id=brief.task_id,
        goal=brief.spec.goal,
        constraints=brief.spec.constraints,
        acceptance_criteria=brief.spec.acceptance_criteria,
        context_json=brief.spec.context_json,
    )


def limits_to(bounds: Reservation) -> execution_pb2.Limits:
    """Bounds on one call."""
    return execution_pb2.Limits(max_tokens=bounds.tokens, max_cost_micros=bounds.cost_micros)


def inputs_to(inputs: Sequence[StepInput]) -> list[execution_pb2.StepInput]:
    """Outputs of earlier steps."""
    return [execution_pb2.StepInput(step_id=i.step_id, name=i.name, output=i.output) for i in inputs]


def citations_to(citations: Sequence[Citation]) -> list[execution_pb2.Citation]:
    """Places in sources."""
    return [
        execution_pb2.Citation(
            document_id=c.document_id, title=c.title, chunk_id=c.chunk_id, quote=c.quote, score=c.score
        )
        for c in citations
    ]


def provenance_from(message: execution_pb2.Provenance) -> Provenance:
    """How a result came to be. Nothing that an arm says can take tokens or money back from a task."""
    usage = message.usage
    return Provenance(
        arm_id=message.arm_id,
        instance_id=message.instance_id,
        arm_version=message.arm_version,
        model=message.model,
        prompt_hash=message.prompt_hash,
        usage=Usage(
            input_tokens=max(usage.input_tokens, 0),
            output_tokens=max(usage.output_tokens, 0),
            cost_micros=max(usage.cost_micros, 0),
            cost_known=usage.cost_known,
            model_requests=usage.model_requests,
        ),
        started_at=_time(message, "started_at"),
        finished_at=_time(message, "finished_at"),
        confidence=_unit(message.confidence),
        sources=tuple(message.sources),
        method=message.method,
        runs=tuple(
            Run(
                command=run.command,
                exit_code=run.exit_code,
                stopped_by=run.stopped_by,
                tests_passed=run.tests_passed,
                tests_failed=run.tests_failed,
                seconds=run.seconds,
            )
            for run in message.runs
        ),
    )


def plan_from(message: planner_pb2.CreatePlanResponse) -> Plan:
    """A plan."""
    return Plan(
        steps=tuple(
            PlannedStep(
                step_id=step.step_id,
                name=step.name,
                capability=step.capability,
                instruction=step.instruction,
                depends_on=tuple(step.depends_on),
                arguments_json=step.arguments_json,
                estimated_tokens=max(step.estimated_tokens, 0),
                estimated_seconds=max(step.estimated_seconds, 0.0),
            )
            for step in message.steps
        ),
        rationale=message.rationale,
        provenance=provenance_from(message.provenance),
    )


def result_from(message: arm_pb2.ExecuteResult) -> StepResult:
    """A step's result."""
    return StepResult(
        output=message.output,
        output_json=message.output_json,
        confidence=_unit(message.confidence),
        citations=tuple(
            Citation(
                document_id=c.document_id, title=c.title, chunk_id=c.chunk_id, quote=c.quote, score=c.score
            )
            for c in message.citations
        ),
        artifacts=tuple(
            Artifact(name=a.name, media_type=a.media_type, content=a.content, encoding=a.encoding)
            for a in message.artifacts
        ),
        provenance=provenance_from(message.provenance),
    )


def judgement_from(message: judge_pb2.ValidateOutputResponse) -> Judgement:
    """The judge's word."""
    return Judgement(
        verdicts=tuple(
            Verdict(
                criterion=v.criterion,
                passed=v.passed,
                evidence=v.evidence,
                confidence=_unit(v.confidence),
                method=v.method,
            )
            for v in message.verdicts
        ),
        passed=message.passed,
        confidence=_unit(message.confidence),
        feedback=message.feedback,
        provenance=provenance_from(message.provenance),
    )


def _time(message: execution_pb2.Provenance, field: str) -> datetime | None:
    if not message.HasField(field):  # pyright: ignore[reportArgumentType]  # the stub lists literals only
        return None
    stamp: Timestamp = getattr(message, field)
    return stamp.ToDatetime(tzinfo=UTC)


def _unit(value: float) -> float:
    """A confidence, held to 0..1; a NaN is no confidence at all."""
    return min(max(value, 0.0), 1.0) if value == value else 0.0  # noqa: PLR0124  # only NaN differs from itself
