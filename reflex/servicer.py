"""ReflexService over gRPC: proto in, one call, proto out."""

from datetime import datetime
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from reflex.bounded import BoundedCache
from reflex.check import Checked, Checker, Options, Outcome
from reflex.detect import Wanted
from reflex.findings import Category, Finding, Severity
from reflex.policy import Handling
from reflex.redact import Redaction
from reflex.stats import Stats
from reflex.values import DEFAULT_TTL, Values
from reflex.verdict import Action
from servicekit.errors import ValidationFailedError
from servicekit.principal import current_principal

_ACTIONS = {
    Action.ALLOW: reflex_pb2.ACTION_ALLOW,
    Action.SANITIZE: reflex_pb2.ACTION_SANITIZE,
    Action.BLOCK: reflex_pb2.ACTION_BLOCK,
}
_CATEGORIES = {
    Category.PII: reflex_pb2.CATEGORY_PII,
    Category.SECRET: reflex_pb2.CATEGORY_SECRET,
    Category.INJECTION: reflex_pb2.CATEGORY_INJECTION,
}
_SEVERITIES = {
    Severity.LOW: reflex_pb2.SEVERITY_LOW,
    Severity.MEDIUM: reflex_pb2.SEVERITY_MEDIUM,
    Severity.HIGH: reflex_pb2.SEVERITY_HIGH,
    Severity.CRITICAL: reflex_pb2.SEVERITY_CRITICAL,
}
_REDACTIONS = {
    reflex_pb2.REDACTION_UNSPECIFIED: Redaction.MASK,
    reflex_pb2.REDACTION_MASK: Redaction.MASK,
    reflex_pb2.REDACTION_PARTIAL: Redaction.PARTIAL,
    reflex_pb2.REDACTION_HASH: Redaction.HASH,
    reflex_pb2.REDACTION_REMOVE: Redaction.REMOVE,
    reflex_pb2.REDACTION_TOKEN: Redaction.TOKEN,
}
_HANDLINGS = {
    reflex_pb2.PII_POLICY_UNSPECIFIED: None,
    reflex_pb2.PII_POLICY_REDACT: Handling.REDACT,
    reflex_pb2.PII_POLICY_ALLOW: Handling.ALLOW,
    reflex_pb2.PII_POLICY_BLOCK: Handling.BLOCK,
}
_BATCH_BYTES = 1024 * 1024


class ReflexServicer(reflex_pb2_grpc.ReflexServiceServicer):
    """Answers from the checker and the value cache.

    Args:
        checker: checks texts.
        values: what callers put.
        verdicts: counted in the statistics.
        stats: counts since the start.
    """

    def __init__(
        self, *, checker: Checker, values: Values, verdicts: BoundedCache[Outcome], stats: Stats
    ) -> None:
        self._checker = checker
        self._values = values
        self._verdicts = verdicts
        self._stats = stats

    async def Check(
        self, request: reflex_pb2.CheckRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> reflex_pb2.CheckResponse:
        """The verdict on one text."""
        del context
        caller = current_principal()
        checked = await self._checker.check(
            text=request.text, options=_options(request.options), tenant=caller.tenant, roles=caller.roles
        )
        return _response(checked)

    async def CheckBatch(
        self, request: reflex_pb2.CheckBatchRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> reflex_pb2.CheckBatchResponse:
        """The verdicts on many texts, in their order."""
        del context
        _refuse_large_batch(request)
        caller = current_principal()
        checked = await self._checker.check_all(
            texts=request.texts, options=_options(request.options), tenant=caller.tenant, roles=caller.roles
        )
        return reflex_pb2.CheckBatchResponse(results=map(_response, checked))

    async def PutCache(
        self, request: reflex_pb2.PutCacheRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> reflex_pb2.PutCacheResponse:
        """Keep a value under a key or a text."""
        del context
        ttl = request.ttl_seconds if request.HasField("ttl_seconds") else DEFAULT_TTL
        tenant, value_json = _tenant(), request.value_json
        if request.WhichOneof("under") == "key":
            key = request.key
            value = await self._values.put(tenant=tenant, key=key, value_json=value_json, ttl=ttl)
        else:
            key, value = await self._values.put_text(
                tenant=tenant, text=request.text, value_json=value_json, ttl=ttl
            )
        return reflex_pb2.PutCacheResponse(key=key, expires_at=_timestamp(value.expires_at))

    async def GetCache(
        self, request: reflex_pb2.GetCacheRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> reflex_pb2.GetCacheResponse:
        """The value under a key."""
        del context
        value = await self._values.get(tenant=_tenant(), key=request.key)
        return reflex_pb2.GetCacheResponse(
            key=request.key,
            value_json=value.value_json,
            created_at=_timestamp(value.created_at),
            expires_at=_timestamp(value.expires_at),
            hits=value.hits,
        )

    async def DeleteCache(
        self, request: reflex_pb2.DeleteCacheRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> reflex_pb2.DeleteCacheResponse:
        """Forget the value under a key."""
        del context
        await self._values.delete(tenant=_tenant(), key=request.key)
        return reflex_pb2.DeleteCacheResponse()

    async def GetStats(
        self, request: reflex_pb2.GetStatsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> reflex_pb2.GetStatsResponse:
        """What was done since the start."""
        del request, context
        held = await self._values.stats()
        hits, misses = self._values.hits, self._values.misses
        times = self._stats.quantiles()
        return reflex_pb2.GetStatsResponse(
            entries=held.entries,
            hits=hits,
            misses=misses,
            hit_rate=hits / (hits + misses) if hits + misses else 0.0,
            evictions=held.evictions,
            memory_bytes=held.bytes + self._verdicts.bytes,
            checks=self._stats.checks,
            blocked=self._stats.actions[Action.BLOCK],
            sanitized=self._stats.actions[Action.SANITIZE],
            latency_ms=reflex_pb2.LatencyQuantiles(p50=times.p50, p95=times.p95, p99=times.p99),
            backend=self._values.backend,
            uptime_seconds=self._stats.uptime,
        )


def _tenant() -> str:
    return current_principal().tenant


def _options(options: reflex_pb2.CheckOptions) -> Options:
    """Absent means true, for every check and for redact."""

    def on(name: str) -> bool:
        return bool(getattr(options, name)) if options.HasField(name) else True  # pyright: ignore[reportArgumentType]  # field names

    return Options(
        cache=on("cache"),
        wanted=Wanted(pii=on("pii"), secrets=on("secrets"), injection=on("injection")),
        redact=on("redact"),
        way=_REDACTIONS[options.redaction],
        pii=_HANDLINGS[options.pii_policy],
    )


def _response(checked: Checked) -> reflex_pb2.CheckResponse:
    verdict = checked.outcome.verdict
    return reflex_pb2.CheckResponse(
        action=_ACTIONS[verdict.action],
        cache=reflex_pb2.CacheLookup(
            hit=checked.value_json is not None, key=checked.key, value_json=checked.value_json or ""
        ),
        findings=[_finding(finding) for finding in verdict.findings],
        sanitized_text=checked.outcome.sanitized,
        risk_score=verdict.risk,
        processing_time_ms=checked.milliseconds,
        verdict_cached=checked.verdict_cached,
        policy_version=checked.policy_version,
    )


def _finding(finding: Finding) -> reflex_pb2.Finding:
    return reflex_pb2.Finding(
        category=_CATEGORIES[finding.category],
        type=finding.type,
        severity=_SEVERITIES[finding.severity],
        start=finding.start,
        end=finding.end,
        confidence=finding.confidence,
        reason=finding.reason,
    )


def _timestamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def _refuse_large_batch(request: reflex_pb2.CheckBatchRequest) -> None:
    if sum(len(text.encode()) for text in request.texts) > _BATCH_BYTES:
        raise ValidationFailedError(
            "the texts are larger than 1 MiB together",
            field="texts",
            constraint="must be at most 1048576 bytes together",
            reason="BATCH_TOO_LARGE",
        )
