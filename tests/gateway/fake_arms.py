"""The typed services of the arms as a gateway under test finds them; they keep what they were asked."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from octollm.arms.v1 import (
    coder_pb2,
    coder_pb2_grpc,
    execution_pb2,
    executor_pb2,
    executor_pb2_grpc,
    guardian_pb2,
    guardian_pb2_grpc,
    judge_pb2,
    judge_pb2_grpc,
    planner_pb2,
    planner_pb2_grpc,
    retriever_pb2,
    retriever_pb2_grpc,
)

from servicekit.errors import NotFoundError
from tests.gateway.trouble import Trouble

Context = grpc.aio.ServicerContext[Any, Any]
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@dataclass
class Typed(
    planner_pb2_grpc.PlannerServiceServicer,
    executor_pb2_grpc.ExecutorServiceServicer,
    retriever_pb2_grpc.RetrieverServiceServicer,
    coder_pb2_grpc.CoderServiceServicer,
    judge_pb2_grpc.JudgeServiceServicer,
    guardian_pb2_grpc.GuardianServiceServicer,
):
    """All six; documents in memory."""

    trouble: Trouble
    requests: list[Any] = field(default_factory=list[Any])
    documents: dict[str, retriever_pb2.Document] = field(default_factory=dict[str, retriever_pb2.Document])
    chunks: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])

    async def _heard(self, request: Any) -> None:
        self.requests.append(request)
        await self.trouble.strike()

    async def CreatePlan(
        self, request: planner_pb2.CreatePlanRequest, context: Context
    ) -> planner_pb2.CreatePlanResponse:
        await self._heard(request)
        response = planner_pb2.CreatePlanResponse(rationale="r", provenance=a_provenance("planner"))
        for step_id, depends_on in (("one", []), ("two", ["one"])):
            response.steps.add(
                step_id=step_id, name=step_id, capability="text_generation", depends_on=depends_on
            )
        response.steps[1].arguments_json = '{"n":9007199254740993}'
        return response

    async def RunAction(
        self, request: executor_pb2.RunActionRequest, context: Context
    ) -> AsyncIterator[executor_pb2.RunActionResponse]:
        self.requests.append(request)
        for stream, data in self.chunks:
            yield executor_pb2.RunActionResponse(chunk=executor_pb2.OutputChunk(stream=stream, data=data))
        await self.trouble.strike()
        outcome = executor_pb2.ActionOutcome(exit_code=3, provenance=a_provenance("executor"), seconds=0.5)
        outcome.files.add(name="a.bin", media_type="x/y", content="AA==", encoding="base64")
        if request.HasField("expression"):
            outcome.value_json = request.expression.inputs_json
        yield executor_pb2.RunActionResponse(outcome=outcome)

    async def Search(
        self, request: retriever_pb2.SearchRequest, context: Context
    ) -> retriever_pb2.SearchResponse:
        await self._heard(request)
        response = retriever_pb2.SearchResponse()
        passage = response.passages.add(text="a passage")
        passage.citation.document_id, passage.citation.quote, passage.citation.score = "d", "q", 0.5
        return response

    async def PutDocument(
        self, request: retriever_pb2.PutDocumentRequest, context: Context
    ) -> retriever_pb2.PutDocumentResponse:
        await self._heard(request)
        document = retriever_pb2.Document(
            document_id=f"doc_{len(self.documents):016d}",
            title=request.title,
            media_type=request.media_type,
            metadata=request.metadata,
            chunks=1,
            size_bytes=len(request.content),
        )
        document.created_at.FromDatetime(NOW)
        self.documents[document.document_id] = document
        return retriever_pb2.PutDocumentResponse(document=document)

    async def GetDocument(
        self, request: retriever_pb2.GetDocumentRequest, context: Context
    ) -> retriever_pb2.GetDocumentResponse:
        return retriever_pb2.GetDocumentResponse(document=self._find(request.document_id))

    async def ListDocuments(
        self, request: retriever_pb2.ListDocumentsRequest, context: Context
    ) -> retriever_pb2.ListDocumentsResponse:
        await self._heard(request)
        first = (request.page - 1) * request.page_size
        page = list(self.documents.values())[first : first + request.page_size]
        return retriever_pb2.ListDocumentsResponse(documents=page, total_items=len(self.documents))

    async def DeleteDocument(
        self, request: retriever_pb2.DeleteDocumentRequest, context: Context
    ) -> retriever_pb2.DeleteDocumentResponse:
        del self.documents[self._find(request.document_id).document_id]
        return retriever_pb2.DeleteDocumentResponse()

    def _find(self, document_id: str) -> retriever_pb2.Document:
        if document_id not in self.documents:
            raise NotFoundError("there is no such document", field="document_id")
        return self.documents[document_id]

    async def WriteCode(
        self, request: coder_pb2.WriteCodeRequest, context: Context
    ) -> coder_pb2.WriteCodeResponse:
        await self._heard(request)
        response = coder_pb2.WriteCodeResponse(
            code="pass\n", language=request.language or "python", provenance=a_provenance("coder")
        )
        if not request.skip_run:
            response.verified, response.verification, response.tests_by = True, "ran", "model"
        return response

    async def ValidateOutput(
        self, request: judge_pb2.ValidateOutputRequest, context: Context
    ) -> judge_pb2.ValidateOutputResponse:
        await self._heard(request)
        verdicts = [
            judge_pb2.Verdict(criterion=it, passed=True, evidence="e", confidence=1, method="rule")
            for it in request.task.acceptance_criteria
        ]
        return judge_pb2.ValidateOutputResponse(
            verdicts=verdicts, passed=True, confidence=1, provenance=a_provenance("judge")
        )

    async def ReviewContent(
        self, request: guardian_pb2.ReviewContentRequest, context: Context
    ) -> guardian_pb2.ReviewContentResponse:
        await self._heard(request)
        response = guardian_pb2.ReviewContentResponse(
            action=guardian_pb2.REVIEW_ACTION_ALLOW,
            sanitized_text=request.text,
            provenance=a_provenance("guardian"),
        )
        if "@" in request.text:
            response.action, response.sanitized_text = guardian_pb2.REVIEW_ACTION_BLOCK, ""
            response.findings.add(category="pii", type="email", severity="high", start=0, end=5, reason="r")
        return response


ADD: Mapping[str, Callable[[Typed, grpc.aio.Server], None]] = {
    "planner": planner_pb2_grpc.add_PlannerServiceServicer_to_server,
    "executor": executor_pb2_grpc.add_ExecutorServiceServicer_to_server,
    "retriever": retriever_pb2_grpc.add_RetrieverServiceServicer_to_server,
    "coder": coder_pb2_grpc.add_CoderServiceServicer_to_server,
    "judge": judge_pb2_grpc.add_JudgeServiceServicer_to_server,
    "guardian": guardian_pb2_grpc.add_GuardianServiceServicer_to_server,
}
"""By arm, what adds its typed service to a server."""


def a_provenance(arm_id: str) -> execution_pb2.Provenance:
    made = execution_pb2.Provenance(
        arm_id=arm_id,
        instance_id=f"{arm_id}-1",
        arm_version="0.1.0",
        model="m",
        prompt_hash="ab",
        confidence=0.5,
        method="model",
        sources=["s"],
    )
    made.usage.input_tokens, made.usage.cost_micros, made.usage.cost_known = 7, 1_500_000, True
    made.runs.add(command="python tests.py", exit_code=1, tests_failed=1, seconds=0.5)
    made.started_at.FromDatetime(NOW)
    made.finished_at.FromDatetime(NOW + timedelta(seconds=1.5))
    return made
