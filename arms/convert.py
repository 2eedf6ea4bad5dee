"""The types that all arms share: proto in, domain out, and back."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from octollm.arms.v1 import arm_pb2, execution_pb2
from pydantic import BaseModel

from arms.arm import Arguments, Arm, Capability
from arms.model.usage import CallLimits, Usage
from arms.provenance import Provenance
from arms.step import Artifact, Brief, Citation, Progress, Result, Run, StepInput


def brief_from(message: execution_pb2.TaskBrief) -> Brief:
    """The task."""
    return Brief(
        task_id=message.task_id,
        goal=message.goal,
        constraints=tuple(message.constraints),
        acceptance_criteria=tuple(message.acceptance_criteria),
        context_json=message.context_json,
    )


def inputs_from(messages: Iterable[execution_pb2.StepInput]) -> tuple[StepInput, ...]:
    """Outputs of earlier steps."""
    return tuple(
        StepInput(step_id=message.step_id, name=message.name, output=message.output) for message in messages
    )


def citations_from(messages: Iterable[execution_pb2.Citation]) -> tuple[Citation, ...]:
    """Places in sources."""
    return tuple(
        Citation(
            document_id=message.document_id,
            title=message.title,
            chunk_id=message.chunk_id,
            quote=message.quote,
            score=message.score,
        )
        for message in messages
    )


def limits_from(message: execution_pb2.Limits) -> CallLimits:
    """Limits; an absent field is no limit."""
    return CallLimits(
        max_tokens=message.max_tokens if message.HasField("max_tokens") else None,
        max_cost_micros=message.max_cost_micros if message.HasField("max_cost_micros") else None,
    )


def usage_to(usage: Usage) -> execution_pb2.Usage:
    """What was consumed."""
    return execution_pb2.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_micros=usage.cost_micros,
        cost_known=usage.cost_known,
        model_requests=usage.requests,
    )


def run_to(run: Run) -> execution_pb2.Run:
    """A program that was run."""
    return execution_pb2.Run(
        command=run.command,
        exit_code=run.exit_code,
        stopped_by=run.stopped_by,
        tests_passed=run.tests_passed,
        tests_failed=run.tests_failed,
        seconds=run.seconds,
    )


def provenance_to(provenance: Provenance) -> execution_pb2.Provenance:
    """How a result came to be."""
    message = execution_pb2.Provenance(
        arm_id=provenance.arm_id,
        instance_id=provenance.instance_id,
        arm_version=provenance.arm_version,
        model=provenance.model,
        prompt_hash=provenance.prompt_hash,
        usage=usage_to(provenance.usage),
        confidence=provenance.confidence,
        sources=provenance.sources,
        method=provenance.method,
        runs=[run_to(run) for run in provenance.runs],
    )
    message.started_at.FromDatetime(provenance.started_at)
    message.finished_at.FromDatetime(provenance.finished_at)
    return message


def citation_to(citation: Citation) -> execution_pb2.Citation:
    """A place in a source."""
    return execution_pb2.Citation(
        document_id=citation.document_id,
        title=citation.title,
        chunk_id=citation.chunk_id,
        quote=citation.quote,
        score=citation.score,
    )


def artifact_to(artifact: Artifact) -> execution_pb2.Artifact:
    """A piece of output."""
    return execution_pb2.Artifact(
        name=artifact.name,
        media_type=artifact.media_type,
        content=artifact.content,
        encoding=artifact.encoding,
    )


def progress_to(progress: Progress) -> arm_pb2.ExecuteResponse:
    """An event while the work goes on."""
    message = arm_pb2.Progress(message=progress.message, text_delta=progress.text_delta)
    if progress.fraction is not None:
        message.fraction = progress.fraction
    return arm_pb2.ExecuteResponse(progress=message)


def result_to(result: Result, *, provenance: Provenance) -> arm_pb2.ExecuteResponse:
    """The event that ends the stream."""
    return arm_pb2.ExecuteResponse(
        result=arm_pb2.ExecuteResult(
            output=result.output,
            output_json=_json(result.value),
            confidence=result.confidence,
            citations=[citation_to(citation) for citation in result.citations],
            artifacts=[artifact_to(artifact) for artifact in result.artifacts],
            provenance=provenance_to(provenance),
        )
    )


def description_to(arm: Arm, *, instance_id: str) -> arm_pb2.GetCapabilitiesResponse:
    """What the arm says of itself."""
    return arm_pb2.GetCapabilitiesResponse(
        arm_id=arm.arm_id,
        instance_id=instance_id,
        name=arm.name,
        description=arm.description,
        version=arm.version,
        capabilities=[capability_to(capability) for capability in arm.capabilities],
        cost_tier=arm.cost_tier,
    )


def capability_to(capability: Capability) -> arm_pb2.Capability:
    """One thing that an arm can do, with the JSON Schemas of its types."""
    return arm_pb2.Capability(
        name=capability.name,
        description=capability.description,
        input_schema_json=_schema(capability.arguments),
        output_schema_json=_schema(capability.output),
    )


def _schema(kind: Arguments) -> str:
    if kind is None:
        return ""
    return orjson.dumps(dict(kind) if isinstance(kind, Mapping) else kind.model_json_schema()).decode()


def _json(value: BaseModel | dict[str, Any] | None) -> str:
    if value is None:
        return ""
    return value.model_dump_json() if isinstance(value, BaseModel) else orjson.dumps(value).decode()
