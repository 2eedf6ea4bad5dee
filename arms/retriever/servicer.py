"""RetrieverService: proto in, call, proto out; every call for the current principal's tenant."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import grpc
from octollm.arms.v1 import retriever_pb2, retriever_pb2_grpc

from arms.calls import Calls
from arms.model.usage import CallLimits
from arms.provenance import Record
from arms.retriever import convert
from arms.retriever.arm import DOCUMENT_SEARCH
from arms.retriever.retriever import Retriever
from servicekit.capability.call import call_bytes
from servicekit.principal import current_principal

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE_NAME = retriever_pb2.DESCRIPTOR.services_by_name["RetrieverService"].full_name
"""RetrieverService's full name."""


class RetrieverServicer(retriever_pb2_grpc.RetrieverServiceServicer):
    """Serves the retriever.

    Args:
        calls: the arm's calls: permission and account.
        retriever: gives the retriever, or raises UnavailableError while there is none.
    """

    def __init__(self, *, calls: Calls, retriever: Callable[[], Retriever]) -> None:
        self._calls = calls
        self._retriever = retriever

    async def Search(
        self, request: retriever_pb2.SearchRequest, context: Context
    ) -> retriever_pb2.SearchResponse:
        """Find passages."""
        async with self._begin(request, act=DOCUMENT_SEARCH):
            passages = await self._retriever().search(convert.query_from(request), tenant=_tenant())
        return retriever_pb2.SearchResponse(passages=[convert.passage_to(passage) for passage in passages])

    async def PutDocument(
        self, request: retriever_pb2.PutDocumentRequest, context: Context
    ) -> retriever_pb2.PutDocumentResponse:
        """Store a document."""
        async with self._begin(request, act="put_document"):
            new = convert.new_document_from(request)
            document = await self._retriever().put_document(new, tenant=_tenant())
        return retriever_pb2.PutDocumentResponse(document=convert.document_to(document))

    async def GetDocument(
        self, request: retriever_pb2.GetDocumentRequest, context: Context
    ) -> retriever_pb2.GetDocumentResponse:
        """Describe a document."""
        async with self._begin(request, act="get_document"):
            document = await self._retriever().get_document(request.document_id, tenant=_tenant())
        return retriever_pb2.GetDocumentResponse(document=convert.document_to(document))

    async def ListDocuments(
        self, request: retriever_pb2.ListDocumentsRequest, context: Context
    ) -> retriever_pb2.ListDocumentsResponse:
        """List documents."""
        async with self._begin(request, act="list_documents"):
            page = await self._retriever().list_documents(
                tenant=_tenant(), page=request.page, page_size=request.page_size
            )
        return retriever_pb2.ListDocumentsResponse(
            documents=[convert.document_to(document) for document in page.documents],
            total_items=page.total_items,
        )

    async def DeleteDocument(
        self, request: retriever_pb2.DeleteDocumentRequest, context: Context
    ) -> retriever_pb2.DeleteDocumentResponse:
        """Remove a document."""
        async with self._begin(request, act="delete_document"):
            await self._retriever().delete_document(request.document_id, tenant=_tenant())
        return retriever_pb2.DeleteDocumentResponse()

    def _begin(self, request: "Request", *, act: str) -> AbstractAsyncContextManager[Record]:
        # Without a verifier nobody reads the bytes, and a document has many.
        call = call_bytes(request) if self._calls.verifier else b""
        return self._calls.begin(act=act, token=request.capability_token, call=call, limits=CallLimits())


Request = (
    retriever_pb2.SearchRequest
    | retriever_pb2.PutDocumentRequest
    | retriever_pb2.GetDocumentRequest
    | retriever_pb2.ListDocumentsRequest
    | retriever_pb2.DeleteDocumentRequest
)
"""What every method takes."""


def _tenant() -> str:
    return current_principal().tenant
