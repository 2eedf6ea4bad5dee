"""CoderService: proto in, call, proto out."""

from typing import Any

import grpc
from octollm.arms.v1 import coder_pb2, coder_pb2_grpc

from arms import convert
from arms.calls import Calls
from arms.coder.checking import write_checked_code
from arms.coder.coder import method_of
from arms.coder.trying import Bench
from arms.coder.work import CodeAction, CodeWork, ProseWork
from arms.coder.writing import write_prose
from arms.programs.program import Runner
from arms.step import Progress
from servicekit.capability.call import call_bytes
from servicekit.context import set_task_id

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = coder_pb2.DESCRIPTOR.services_by_name["CoderService"].full_name

_ACTIONS = {
    coder_pb2.CODE_ACTION_GENERATE: CodeAction.GENERATE,
    coder_pb2.CODE_ACTION_DEBUG: CodeAction.DEBUG,
    coder_pb2.CODE_ACTION_REFACTOR: CodeAction.REFACTOR,
    coder_pb2.CODE_ACTION_TEST: CodeAction.TEST,
    coder_pb2.CODE_ACTION_EXPLAIN: CodeAction.EXPLAIN,
}


class CoderServicer(coder_pb2_grpc.CoderServiceServicer):
    """Serves the coder."""

    def __init__(self, *, calls: Calls, runner: Runner) -> None:
        self._calls = calls
        self._runner = runner

    async def WriteCode(  # gRPC's name
        self, request: coder_pb2.WriteCodeRequest, context: Context
    ) -> coder_pb2.WriteCodeResponse:
        """Write or explain code."""
        del context
        set_task_id(request.task.task_id)
        work = CodeWork(
            brief=convert.brief_from(request.task),
            action=_ACTIONS[request.action],
            instruction=request.instruction,
            language=request.language,
            code=request.code,
            failure=request.failure,
            inputs=convert.inputs_from(request.inputs),
            feedback=request.feedback,
            tests=request.tests,
            skip_run=request.skip_run,
        )
        async with self._calls.begin(
            act="code_generation",
            token=request.capability_token,
            call=call_bytes(request),
            limits=convert.limits_from(request.limits),
        ) as record:
            bench = Bench(model=record.session, runner=self._runner, emit=_unheard)
            code = await write_checked_code(work, bench=bench)
            provenance = record.close(
                confidence=code.confidence, method=method_of(code), runs=code.check.runs
            )
        return coder_pb2.WriteCodeResponse(
            code=code.code,
            language=code.language,
            explanation=code.explanation,
            verification=code.check.words,
            verified=code.check.verified,
            tests=code.check.tests,
            tests_by=code.check.tests_by,
            failure=code.check.failure,
            provenance=convert.provenance_to(provenance),
        )

    async def WriteText(  # gRPC's name
        self, request: coder_pb2.WriteTextRequest, context: Context
    ) -> coder_pb2.WriteTextResponse:
        """Write prose."""
        del context
        set_task_id(request.task.task_id)
        work = ProseWork(
            brief=convert.brief_from(request.task),
            instruction=request.instruction,
            inputs=convert.inputs_from(request.inputs),
            feedback=request.feedback,
        )
        async with self._calls.begin(
            act="text_generation",
            token=request.capability_token,
            call=call_bytes(request),
            limits=convert.limits_from(request.limits),
        ) as record:
            prose = await write_prose(work, model=record.session, emit=_unheard)
            provenance = record.close(confidence=prose.confidence, method="model")
        return coder_pb2.WriteTextResponse(text=prose.text, provenance=convert.provenance_to(provenance))


async def _unheard(_progress: Progress) -> None:
    """The typed calls do not stream."""
