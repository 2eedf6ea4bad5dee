"""JudgeService: proto in, call, proto out."""

from typing import Any

import grpc
from octollm.arms.v1 import judge_pb2, judge_pb2_grpc

from arms import convert
from arms.calls import Calls
from arms.judge.judging import judge_output
from arms.judge.verdict import JudgeRequest, Verdict
from arms.programs.program import Runner
from servicekit.capability.call import call_bytes
from servicekit.context import set_task_id

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = judge_pb2.DESCRIPTOR.services_by_name["JudgeService"].full_name


class JudgeServicer(judge_pb2_grpc.JudgeServiceServicer):
    """Serves the judge."""

    def __init__(self, *, calls: Calls, runner: Runner) -> None:
        self._calls = calls
        self._runner = runner

    async def ValidateOutput(  # gRPC's name
        self, request: judge_pb2.ValidateOutputRequest, context: Context
    ) -> judge_pb2.ValidateOutputResponse:
        """A verdict with evidence for every criterion."""
        del context
        set_task_id(request.task.task_id)
        wanted = JudgeRequest(
            brief=convert.brief_from(request.task),
            output=request.output,
            inputs=convert.inputs_from(request.inputs),
            citations=convert.citations_from(request.citations),
        )
        async with self._calls.begin(
            act="validate",
            token=request.capability_token,
            call=call_bytes(request),
            limits=convert.limits_from(request.limits),
        ) as record:
            judgement = await judge_output(wanted, model=record.session, runner=self._runner)
            provenance = record.close(confidence=judgement.confidence, method=judgement.method)
        return judge_pb2.ValidateOutputResponse(
            verdicts=[_verdict_to(verdict) for verdict in judgement.verdicts],
            passed=judgement.passed,
            confidence=judgement.confidence,
            feedback=judgement.feedback,
            provenance=convert.provenance_to(provenance),
        )


def _verdict_to(verdict: Verdict) -> judge_pb2.Verdict:
    return judge_pb2.Verdict(
        criterion=verdict.criterion,
        passed=verdict.passed,
        evidence=verdict.evidence,
        confidence=verdict.confidence,
        method=verdict.method,
    )
