"""API keys and the audit log of the caller's tenant."""

from typing import Annotated

from fastapi import Body, Path, Query, Request, Response
from octollm.orchestrator.v1 import identity_pb2 as pb

from gateway.context import context_of
from gateway.convert.identity import audit_record, key, to_create, to_list_audit
from gateway.routes import identity_examples as examples
from gateway.routes.failures import WITH_BODY, failures
from gateway.routes.paging import page_answer
from gateway.routes.routers import api_router
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import needs
from gateway.schemas.identity import (
    KEY_ID_PATTERN,
    AuditPage,
    AuditQuery,
    Key,
    KeyPage,
    KeyRequest,
    MadeKey,
)
from gateway.schemas.paging import PageQuery
from servicekit.principal import current_principal

router = api_router(tag="identity")

KeyIdInPath = Annotated[
    str, Path(pattern=KEY_ID_PATTERN, description="The public part of a key.", examples=["3kTz9QwLmN4pRs7V"])
]


@router.post(
    "/keys",
    operation_id="create_key",
    summary="Create an API key",
    openapi_extra=needs("keys:manage"),
    status_code=201,
    response_model=MadeKey,
    responses=told(201, "The key, with its secret this once.", example=examples.MADE_KEY)
    | failures(*WITH_BODY),
)
async def create_key(
    request: Request,
    body: Annotated[KeyRequest, Body(openapi_examples={"ci": {"value": examples.KEY_REQUEST}})],
) -> Response:
    """Makes a key in the caller's tenant. Its secret is told once and kept nowhere: only a keyed hash is."""
    made = await context_of(request).clients.identity.CreateApiKey(
        to_create(body, tenant=current_principal().tenant)
    )
    content = {**key(made.api_key), "secret": made.secret}
    return json_answer(content, status=201, headers={"cache-control": "no-store"})


@router.get(
    "/keys",
    operation_id="list_keys",
    summary="List the API keys",
    openapi_extra=needs("keys:manage"),
    response_model=KeyPage,
    responses=told(200, "One page.", example=examples.KEY_PAGE),
)
async def list_keys(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """The keys of the caller's tenant, newest first, those that ended among them."""
    asked = pb.ListApiKeysRequest(
        tenant=current_principal().tenant, page=query.page, page_size=query.page_size
    )
    found = await context_of(request).clients.identity.ListApiKeys(asked)
    return page_answer([key(it) for it in found.api_keys], query=query, total_items=found.total_items)


@router.delete(
    "/keys/{key_id}",
    operation_id="revoke_key",
    summary="Revoke an API key",
    openapi_extra=needs("keys:manage"),
    response_model=Key,
    responses=told(200, "The key, revoked.", example=examples.REVOKED_KEY) | failures(404),
)
async def revoke_key(request: Request, key_id: KeyIdInPath) -> Response:
    """Ends a key; within a few seconds no gateway takes it any more. Revoked stays revoked."""
    revoked = await context_of(request).clients.identity.RevokeApiKey(pb.RevokeApiKeyRequest(key_id=key_id))
    return json_answer(key(revoked.api_key))


@router.get(
    "/audit",
    operation_id="list_audit",
    summary="Read the audit log",
    openapi_extra=needs("keys:manage"),
    response_model=AuditPage,
    responses=told(200, "One page.", example=examples.AUDIT_PAGE),
)
async def list_audit(request: Request, query: Annotated[AuditQuery, Query()]) -> Response:
    """What was done and refused in the caller's tenant, newest first."""
    asked = to_list_audit(query, tenant=current_principal().tenant)
    found = await context_of(request).clients.identity.ListAudit(asked)
    return page_answer([audit_record(it) for it in found.records], query=query, total_items=found.total_items)
