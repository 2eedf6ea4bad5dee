"""The reflex, on its own port and on the gateway's: check a text, keep values, tell statistics."""

from typing import Annotated

from fastapi import Body, Request, Response
from octollm.reflex.v1 import reflex_pb2 as pb

from gateway.context import context_of
from gateway.convert.reflex import entry, stats, stored, to_check, to_check_batch, to_put, verdict, verdicts
from gateway.routes import examples
from gateway.routes.failures import WITH_BODY, failures
from gateway.routes.parameters import KeyInPath
from gateway.routes.routers import api_router
from gateway.routes.told import told
from gateway.routing.json_answer import json_answer
from gateway.routing.route import KIB, needs
from gateway.routing.strict_json import compact
from gateway.schemas.reflex import (
    CacheEntry,
    CheckBatchRequest,
    CheckBatchResponse,
    CheckRequest,
    CheckResponse,
    PutCacheRequest,
    PutCacheResponse,
    Stats,
)
from servicekit.errors import ValidationFailedError
from servicekit.request_id import current_request_id

router = api_router(tag="reflex")

VALUE_BYTES = 1024 * KIB
"""Bytes that a cached value may have as JSON."""

BATCH_BYTES = 1024 * KIB
"""Bytes that the texts of a batch may have together."""

CHECK_BODY = 1280 * KIB
"""Bytes of a check's body: 100,000 characters have up to 12 each, where JSON escapes them."""

BATCH_BODY = 3 * BATCH_BYTES + 64 * KIB
"""Bytes of a batch's body: clients that escape whatever is not ASCII write three bytes for each."""


@router.post(
    "/check",
    operation_id="check",
    summary="Check a text",
    openapi_extra=needs("reflex:check", body_limit=CHECK_BODY),
    response_model=CheckResponse,
    responses=told(200, "The verdict.", example=examples.VERDICT) | failures(*WITH_BODY),
)
async def check(
    request: Request,
    body: Annotated[CheckRequest, Body(openapi_examples={"letter": {"value": examples.CHECK_REQUEST}})],
) -> Response:
    """Looks for personal data, secrets and injections in a text, and looks the text up in the cache."""
    found = await context_of(request).clients.reflex.Check(to_check(body))
    return json_answer(verdict(found, request_id=current_request_id()))


@router.post(
    "/check/batch",
    operation_id="check_batch",
    summary="Check many texts",
    openapi_extra=needs("reflex:check", body_limit=BATCH_BODY),
    response_model=CheckBatchResponse,
    responses=told(200, "The verdicts, in the order of the texts.", example={"results": [examples.VERDICT]})
    | failures(*WITH_BODY),
)
async def check_batch(
    request: Request,
    body: Annotated[
        CheckBatchRequest, Body(openapi_examples={"letters": {"value": examples.CHECK_BATCH_REQUEST}})
    ],
) -> Response:
    """Checks 1 to 100 texts, together at most 1 MiB, under the same options."""
    if sum(len(text.encode()) for text in body.texts) > BATCH_BYTES:
        raise ValidationFailedError(
            "the texts are too large together",
            field="texts",
            constraint=f"must be at most {BATCH_BYTES} bytes together",
            reason="FIELD_RULE",
        )
    found = await context_of(request).clients.reflex.CheckBatch(to_check_batch(body))
    return json_answer(verdicts(found, request_id=current_request_id()))


@router.post(
    "/cache",
    operation_id="put_cache",
    summary="Store a value",
    openapi_extra=needs("cache:write", body_limit=1280 * KIB),
    status_code=201,
    response_model=PutCacheResponse,
    responses=told(
        201,
        "The value is stored.",
        example=examples.STORED,
        headers={"Location": "Where the value is read."},
    )
    | failures(*WITH_BODY),
)
async def put_cache(
    request: Request,
    body: Annotated[PutCacheRequest, Body(openapi_examples={"answer": {"value": examples.PUT_CACHE}})],
) -> Response:
    """Stores a value under a key, or under the key of a text."""
    if len(compact(body.value).encode()) > VALUE_BYTES:
        raise ValidationFailedError(
            "the value is too large",
            field="value",
            constraint=f"must be at most {VALUE_BYTES} bytes as JSON",
            reason="FIELD_RULE",
        )
    kept = await context_of(request).clients.reflex.PutCache(to_put(body))
    return json_answer(stored(kept), status=201, headers={"location": f"/api/v1/cache/{kept.key}"})


@router.get(
    "/cache/{key}",
    operation_id="get_cache",
    summary="Read a stored value",
    openapi_extra=needs("cache:read"),
    response_model=CacheEntry,
    responses=told(200, "The value.", example=examples.CACHE_ENTRY) | failures(404),
)
async def get_cache(request: Request, key: KeyInPath) -> Response:
    """Reads a stored value; not found when it is absent or has expired."""
    return json_answer(entry(await context_of(request).clients.reflex.GetCache(pb.GetCacheRequest(key=key))))


@router.delete(
    "/cache/{key}",
    operation_id="delete_cache",
    summary="Remove a stored value",
    openapi_extra=needs("cache:write"),
    status_code=204,
    responses=told(204, "The value is gone.") | failures(404),
)
async def delete_cache(request: Request, key: KeyInPath) -> Response:
    """Removes a stored value."""
    await context_of(request).clients.reflex.DeleteCache(pb.DeleteCacheRequest(key=key))
    return Response(status_code=204)


@router.get(
    "/stats",
    operation_id="get_stats",
    summary="Read the reflex's statistics",
    openapi_extra=needs("stats:read"),
    response_model=Stats,
    responses=told(200, "The statistics.", example=examples.STATS),
)
async def get_stats(request: Request) -> Response:
    """What the reflex did since it started."""
    return json_answer(stats(await context_of(request).clients.reflex.GetStats(pb.GetStatsRequest())))
