"""What the work of several arms has in common."""

from collections.abc import Mapping, Sequence
from typing import Any

from octollm.arms.v1 import execution_pb2 as pb

from gateway.convert.steps import provenance, usage
from gateway.convert.values import MICROS
from gateway.routing.strict_json import compact
from gateway.schemas.arm_work.common import (
    CONTEXT_BYTES,
    ClaimedCitation,
    Limits,
    SentFile,
    StepInput,
    TaskBrief,
)
from servicekit.errors import ValidationFailedError


def to_brief(brief: TaskBrief) -> pb.TaskBrief:
    """What an arm is told of the task.

    Raises:
        ValidationFailedError: the context is too large, which no schema can say.
    """
    return pb.TaskBrief(
        goal=brief.goal,
        constraints=brief.constraints,
        acceptance_criteria=brief.acceptance_criteria,
        context_json=to_json(brief.context, field="task.context", most=CONTEXT_BYTES),
    )


def to_json(value: Mapping[str, Any] | None, *, field: str, most: int) -> str:
    """An object as JSON text; empty for none.

    Raises:
        ValidationFailedError: it is larger than `most` bytes, which no schema can say.
    """
    text = compact(value) if value else ""
    if len(text.encode()) > most:
        raise ValidationFailedError(
            f"{field} is too large",
            field=field,
            constraint=f"must be at most {most} bytes as JSON",
            reason="FIELD_RULE",
        )
    return text


def to_limits(limits: Limits) -> pb.Limits:
    """What the call may use; money is rounded down."""
    dollars = limits.max_cost_dollars
    return pb.Limits(
        max_tokens=limits.max_tokens,
        max_cost_micros=None if dollars is None else int(dollars * MICROS + 1e-6),
    )


def to_inputs(inputs: Sequence[StepInput]) -> list[pb.StepInput]:
    """Outputs of earlier work."""
    return [pb.StepInput(step_id=it.step_id, name=it.name, output=it.output) for it in inputs]


def to_files(files: Sequence[SentFile]) -> list[pb.Artifact]:
    """Files for the work."""
    return [
        pb.Artifact(name=it.name, media_type=it.media_type, content=it.content, encoding=it.encoding)
        for it in files
    ]


def to_citations(citations: Sequence[ClaimedCitation]) -> list[pb.Citation]:
    """Citations that an output claims."""
    return [
        pb.Citation(
            document_id=it.document_id, title=it.title, chunk_id=it.chunk_id, quote=it.quote, score=it.score
        )
        for it in citations
    ]


def worked(it: pb.Provenance) -> dict[str, Any]:
    """How a result came to be; see `gateway.schemas.arm_work.common.Worked`."""
    return {"usage": usage(it.usage), "provenance": provenance(it)}
