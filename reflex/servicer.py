"""ReflexService over gRPC: proto in, one call, proto out."""

from typing import Any

import grpc
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from reflex.cache.bounded import BoundedCache
from reflex.cache.values import DEFAULT_TTL, Values
from reflex.check import Checker, Outcome
from reflex.convert import options_from, response_to, timestamp_to
from reflex.stats import Stats
from reflex.verdict import Action
from servicekit.errors import ValidationFailedError
from servicekit.principal import current_principal

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
            text=request.text, options=options_from(request.options), tenant=caller.tenant, roles=caller.roles
        )
        return response_to(checked)

    async def CheckBatch(
        self, request: reflex_pb2.CheckBatchRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> reflex_pb2.CheckBatchResponse:
        """The verdicts on many texts, in their order."""
        del context
        _refuse_large_batch(request)
        caller = current_principal()
        checked = await self._checker.check_all(
            texts=request.texts,
            options=options_from(request.options),
            tenant=caller.tenant,
            roles=caller.roles,
        )
        return reflex_pb2.CheckBatchResponse(results=map(response_to, checked))

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
        return reflex_pb2.PutCacheResponse(key=key, expires_at=timestamp_to(value.expires_at))

    async def GetCache(
        self, request: reflex_pb2.GetCacheRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> reflex_pb2.GetCacheResponse:
        """The value under a key."""
        del context
        value = await self._values.get(tenant=_tenant(), key=request.key)
        return reflex_pb2.GetCacheResponse(
            key=request.key,
            value_json=value.value_json,
            created_at=timestamp_to(value.created_at),
            expires_at=timestamp_to(value.expires_at),
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


def _refuse_large_batch(request: reflex_pb2.CheckBatchRequest) -> None:
    if sum(len(text.encode()) for text in request.texts) > _BATCH_BYTES:
        raise ValidationFailedError(
            "the texts are larger than 1 MiB together",
            field="texts",
            constraint="must be at most 1048576 bytes together",
            reason="BATCH_TOO_LARGE",
        )
