"""The retriever's routes: search, and the documents that are searched."""

from typing import Annotated

from fastapi import Body, Form, Query, Request, Response
from octollm.arms.v1 import retriever_pb2 as pb
from octollm.arms.v1.retriever_pb2_grpc import RetrieverServiceStub

from gateway.context import context_of
from gateway.convert.arm_work.retriever import document, passages, to_document, to_search
from gateway.routes import arm_examples as examples
from gateway.routes.arm_work.arm_routes import ArmRoutes
from gateway.routes.arm_work.uploads import READABLE, media_type_of, title_of, uploaded
from gateway.routes.failures import OF_ARMS, failures
from gateway.routes.paging import page_answer
from gateway.routes.parameters import DocumentInPath
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import KIB, needs
from gateway.schemas.arm_work.retriever import (
    Document,
    DocumentForm,
    DocumentPage,
    SearchRequest,
    SearchResponse,
)
from gateway.schemas.paging import PageQuery

routes = ArmRoutes("retriever")

DOCUMENT_BYTES = 32 * 1024 * KIB
"""Bytes that a document may have."""

BODY = DOCUMENT_BYTES + 256 * KIB
"""Bytes of an upload: the form around the document counts too."""


_PARTS = {"encoding": {"file": {"contentType": ", ".join(READABLE)}}}
_ENCODING = {"requestBody": {"content": {"multipart/form-data": _PARTS}}}
_FORM = Form(media_type="multipart/form-data", openapi_examples={"runbook": {"value": examples.UPLOAD}})


@routes.post(
    "/search",
    operation_id="search",
    summary="Find passages",
    openapi_extra=needs("document:read"),
    response_model=SearchResponse,
    responses=told(200, "The passages, best first.", example=examples.PASSAGES) | failures(*OF_ARMS),
)
async def search(
    request: Request,
    body: Annotated[SearchRequest, Body(openapi_examples={"question": {"value": examples.SEARCH_REQUEST}})],
) -> Response:
    """The passages of the tenant's documents that answer a query best, each with its citation."""
    retriever = await context_of(request).calls.arm("retriever", RetrieverServiceStub)
    asked = to_search(body)
    found = await retriever.one(retriever.stub.Search, asked, act="document_search")
    return json_answer(passages(found))


@routes.post(
    "/documents",
    operation_id="put_document",
    summary="Store a document",
    openapi_extra=needs("document:write", body_limit=BODY) | _ENCODING,
    status_code=201,
    response_model=Document,
    responses=told(
        201, "The document is stored.", example=examples.DOCUMENT, headers={"Location": "Where it is read."}
    )
    | failures(*OF_ARMS),
)
async def put_document(
    request: Request,
    form: Annotated[DocumentForm, _FORM],
) -> Response:
    """Stores a document of 32 MiB at most, cut into chunks and embedded; the same content is stored once.

    `multipart/form-data` with the parts `file`, `title` and `metadata`.
    """
    context = context_of(request)
    title, media_type = title_of(form), media_type_of(form.file)
    retriever = await context.calls.arm("retriever", RetrieverServiceStub)
    async with uploaded(form.file, most=DOCUMENT_BYTES, context=context) as content:
        asked = to_document(title=title, media_type=media_type, content=content, metadata=form.metadata or {})
        stored = await retriever.one(retriever.stub.PutDocument, asked, act="put_document")
    told_as = document(stored.document)
    location = f"{request.scope['path']}/{stored.document.document_id}"
    return json_answer(told_as, status=201, headers={"location": location})


@routes.get(
    "/documents",
    operation_id="list_documents",
    summary="List documents",
    openapi_extra=needs("document:read"),
    response_model=DocumentPage,
    responses=told(200, "One page.", example=examples.DOCUMENT_PAGE) | failures(403),
)
async def list_documents(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """The tenant's documents, newest first."""
    retriever = await context_of(request).calls.arm("retriever", RetrieverServiceStub)
    asked = pb.ListDocumentsRequest(page=query.page, page_size=query.page_size)
    found = await retriever.one(retriever.stub.ListDocuments, asked, act="list_documents")
    return page_answer([document(it) for it in found.documents], query=query, total_items=found.total_items)


@routes.get(
    "/documents/{document_id}",
    operation_id="get_document",
    summary="Read a document's description",
    openapi_extra=needs("document:read"),
    response_model=Document,
    responses=told(200, "The document.", example=examples.DOCUMENT) | failures(403, 404),
)
async def get_document(request: Request, document_id: DocumentInPath) -> Response:
    """One document's description."""
    retriever = await context_of(request).calls.arm("retriever", RetrieverServiceStub)
    asked = pb.GetDocumentRequest(document_id=document_id)
    found = await retriever.one(retriever.stub.GetDocument, asked, act="get_document")
    return json_answer(document(found.document))


@routes.delete(
    "/documents/{document_id}",
    operation_id="delete_document",
    summary="Remove a document",
    openapi_extra=needs("document:write"),
    status_code=204,
    responses=told(204, "The document is gone.") | failures(403, 404),
)
async def delete_document(request: Request, document_id: DocumentInPath) -> Response:
    """Removes a document and its chunks."""
    retriever = await context_of(request).calls.arm("retriever", RetrieverServiceStub)
    asked = pb.DeleteDocumentRequest(document_id=document_id)
    await retriever.one(retriever.stub.DeleteDocument, asked, act="delete_document")
    return Response(status_code=204)
