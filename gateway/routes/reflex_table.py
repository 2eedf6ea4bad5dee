"""The routes of the reflex."""

from collections.abc import Sequence

from gateway.routes import examples, reflex
from gateway.routing.route import KIB, AnyRoute, Route, Told
from gateway.schemas.reflex import (
    CacheEntry,
    CheckRequest,
    CheckResponse,
    PutCacheRequest,
    PutCacheResponse,
    Stats,
)

REFLEX_ROUTES: Sequence[AnyRoute] = (
    Route(
        method="POST",
        path="/api/v1/check",
        operation="check",
        handler=reflex.check,
        summary="Check a text",
        tag="reflex",
        scope="reflex:check",
        body=CheckRequest,
        body_example=examples.CHECK_REQUEST,
        told={200: Told(description="The verdict.", shape=CheckResponse, example=examples.VERDICT)},
    ),
    Route(
        method="POST",
        path="/api/v1/cache",
        operation="put_cache",
        handler=reflex.put_cache,
        summary="Store a value",
        tag="reflex",
        scope="cache:write",
        body=PutCacheRequest,
        body_limit=1280 * KIB,
        body_example=examples.PUT_CACHE,
        told={
            201: Told(
                description="The value is stored.",
                shape=PutCacheResponse,
                headers={"Location": "Where the value is read."},
                example=examples.STORED,
            )
        },
    ),
    Route(
        method="GET",
        path="/api/v1/cache/{key}",
        operation="get_cache",
        handler=reflex.get_cache,
        summary="Read a stored value",
        tag="reflex",
        scope="cache:read",
        told={200: Told(description="The value.", shape=CacheEntry, example=examples.CACHE_ENTRY)},
        errors=(404,),
    ),
    Route(
        method="DELETE",
        path="/api/v1/cache/{key}",
        operation="delete_cache",
        handler=reflex.delete_cache,
        summary="Remove a stored value",
        tag="reflex",
        scope="cache:write",
        told={204: Told(description="The value is gone.")},
        errors=(404,),
    ),
    Route(
        method="GET",
        path="/api/v1/stats",
        operation="get_stats",
        handler=reflex.get_stats,
        summary="Read the reflex's statistics",
        tag="reflex",
        scope="stats:read",
        told={200: Told(description="The statistics.", shape=Stats, example=examples.STATS)},
    ),
)
"""The reflex, on its own port and on the gateway's."""
