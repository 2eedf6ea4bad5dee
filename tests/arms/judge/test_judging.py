"""The judge at the wire: rules without a model, the model for the rest, undecided without one."""

from pathlib import Path

import pytest
from octollm.arms.v1 import execution_pb2, judge_pb2, judge_pb2_grpc

from arms.judge.app import host_judge
from tests.arms.judge.labelled import EMAIL, INCIDENT
from tests.arms.wire import channel_to, hosted


def request(output: str, *criteria: str) -> judge_pb2.ValidateOutputRequest:
    return judge_pb2.ValidateOutputRequest(
        task=execution_pb2.TaskBrief(task_id="t", goal="Write", acceptance_criteria=criteria), output=output
    )


async def test_rules_need_no_model_and_nothing_undecided_passes() -> None:
    async with hosted([host_judge()]) as running, channel_to(running, "judge") as channel:
        answer = await judge_pb2_grpc.JudgeServiceStub(channel).ValidateOutput(
            request(INCIDENT, "lists exactly three action items", "is at most 10 words", "is friendly")
        )
    assert [verdict.passed for verdict in answer.verdicts] == [True, False, False]
    assert [verdict.method for verdict in answer.verdicts] == ["rule", "rule", "undecided"]
    assert "no server of" in answer.verdicts[2].evidence
    assert (answer.passed, answer.confidence) == (False, 0.0)
    assert "is at most 10 words" in answer.feedback
    assert "three action items" not in answer.feedback
    assert answer.provenance.method == "rule and undecided"
    assert answer.provenance.model == ""


async def test_no_criteria_and_no_output() -> None:
    async with hosted([host_judge()]) as running, channel_to(running, "judge") as channel:
        stub = judge_pb2_grpc.JudgeServiceStub(channel)
        nothing_asked = await stub.ValidateOutput(request("text"))
        nothing_written = await stub.ValidateOutput(request("  ", "is friendly"))
    assert (nothing_asked.passed, nothing_asked.feedback) == (True, "")
    assert (nothing_written.passed, nothing_written.verdicts[0].evidence) == (False, "the output is empty")


@pytest.mark.model
async def test_the_model_decides_the_rest(model_state_file: Path) -> None:
    async with (
        hosted([host_judge()], model_state_file=model_state_file) as running,
        channel_to(running, "judge") as channel,
    ):
        answer = await judge_pb2_grpc.JudgeServiceStub(channel).ValidateOutput(
            request(EMAIL, "greets the reader", "is at most 200 words")
        )
    assert [verdict.method for verdict in answer.verdicts] == ["model", "rule"]
    assert answer.verdicts[0].passed
    assert answer.verdicts[0].evidence
    assert answer.provenance.model == "qwen2.5-coder-0.5b-instruct-q4_k_m"
    assert answer.provenance.usage.model_requests == 2  # yes or no, and why
    assert answer.provenance.method == "rule and model"
