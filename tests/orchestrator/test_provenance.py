"""How a result came to be survives the way from an arm through the rows to whoever reads the step."""

from datetime import UTC, datetime

from octollm.arms.v1 import execution_pb2

from orchestrator.clients.messages import provenance_from
from orchestrator.model.step import StepResult
from orchestrator.rows import STEP_RESULT
from orchestrator.servicer.responses import _provenance

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def test_nothing_is_lost() -> None:
    told = execution_pb2.Provenance(
        arm_id="coder",
        instance_id="coder-1",
        arm_version="0.1.0",
        model="m",
        prompt_hash="ab",
        confidence=0.5,
        sources=["s1"],
        method="model",
    )
    told.usage.input_tokens, told.usage.output_tokens, told.usage.cost_micros = 1, 2, 3
    told.usage.cost_known, told.usage.model_requests = True, 4
    told.runs.add(
        command="python tests.py",
        exit_code=1,
        stopped_by="wall_clock",
        tests_passed=2,
        tests_failed=3,
        seconds=0.5,
    )
    told.started_at.FromDatetime(NOW)
    told.finished_at.FromDatetime(NOW)
    assert {it.name for it, _ in told.ListFields()} == {it.name for it in told.DESCRIPTOR.fields}
    kept = STEP_RESULT.dump_json(StepResult(output="o", provenance=provenance_from(told)))
    assert _provenance(STEP_RESULT.validate_json(kept).provenance) == told
