"""The reflex's answers as callers read them, and requests as it takes them."""

from typing import Any

from octollm.reflex.v1 import reflex_pb2 as pb

from gateway.convert.values import instant, names, raw_json
from gateway.routing.strict_json import compact
from gateway.schemas.reflex import CheckBatchRequest, CheckRequest, PutCacheRequest

ACTION = names(pb.Action.DESCRIPTOR, prefix="ACTION_")
CATEGORY = names(pb.Category.DESCRIPTOR, prefix="CATEGORY_")
SEVERITY = names(pb.Severity.DESCRIPTOR, prefix="SEVERITY_")


def to_check(request: CheckRequest) -> pb.CheckRequest:
    """A text to check, as the reflex takes it."""
    return pb.CheckRequest(text=request.text, user_id=request.user_id or "", options=_options(request))


def to_check_batch(request: CheckBatchRequest) -> pb.CheckBatchRequest:
    """Texts to check, as the reflex takes them."""
    return pb.CheckBatchRequest(texts=request.texts, user_id=request.user_id or "", options=_options(request))


def to_put(request: PutCacheRequest) -> pb.PutCacheRequest:
    """A value to store, as the reflex takes it."""
    value, ttl = compact(request.value), request.ttl_seconds
    if request.key is not None:
        return pb.PutCacheRequest(key=request.key, value_json=value, ttl_seconds=ttl)
    return pb.PutCacheRequest(text=request.text or "", value_json=value, ttl_seconds=ttl)


def verdicts(it: pb.CheckBatchResponse, *, request_id: str) -> dict[str, Any]:
    """Verdicts in the order of their texts; see `gateway.schemas.reflex.CheckBatchResponse`."""
    return {"results": [verdict(each, request_id=request_id) for each in it.results]}


def verdict(it: pb.CheckResponse, *, request_id: str) -> dict[str, Any]:
    """A verdict; see `gateway.schemas.reflex.CheckResponse`."""
    return {
        "request_id": request_id,
        "action": ACTION[it.action],
        "cache": {"hit": it.cache.hit, "key": it.cache.key, "value": raw_json(it.cache.value_json)},
        "findings": [
            {
                "category": CATEGORY[finding.category],
                "type": finding.type,
                "severity": SEVERITY[finding.severity],
                "start": finding.start,
                "end": finding.end,
                "confidence": finding.confidence,
                "reason": finding.reason,
            }
            for finding in it.findings
        ],
        "sanitized_text": it.sanitized_text or None,
        "risk_score": it.risk_score,
        "processing_time_ms": it.processing_time_ms,
    }


def stored(it: pb.PutCacheResponse) -> dict[str, Any]:
    """Where a value is stored; see `gateway.schemas.reflex.PutCacheResponse`."""
    return {"key": it.key, "expires_at": instant(it.expires_at)}


def entry(it: pb.GetCacheResponse) -> dict[str, Any]:
    """A stored value; see `gateway.schemas.reflex.CacheEntry`."""
    return {
        "key": it.key,
        "value": raw_json(it.value_json),
        "created_at": instant(it.created_at),
        "expires_at": instant(it.expires_at),
        "hits": it.hits,
    }


def stats(it: pb.GetStatsResponse) -> dict[str, Any]:
    """Statistics; see `gateway.schemas.reflex.Stats`."""
    counts = (
        "entries",
        "hits",
        "misses",
        "hit_rate",
        "evictions",
        "memory_bytes",
        "checks",
        "blocked",
        "sanitized",
    )
    latency = it.latency_ms
    return {
        **{name: getattr(it, name) for name in counts},
        "latency_ms": {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99},
        "backend": it.backend or "memory",
        "uptime_seconds": it.uptime_seconds,
    }


def _options(request: CheckRequest | CheckBatchRequest) -> pb.CheckOptions:
    checks = request.checks
    return pb.CheckOptions(
        cache=checks.cache,
        pii=checks.pii,
        secrets=checks.secrets,
        injection=checks.injection,
        redact=request.redact,
    )
