"""The reflex over gRPC: checks texts before anything of a task is stored, and keeps values."""

from collections.abc import Sequence

from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from orchestrator.guard import Finding, TextVerdict
from orchestrator.model.task import PiiPolicy
from servicekit.channel import open_channel
from servicekit.errors import NotFoundError
from servicekit.internal_tokens import InternalTokens
from servicekit.tls import MutualTls

_BATCH_TEXTS = 100
_BATCH_BYTES = 1_000_000
_CATEGORY = {
    reflex_pb2.CATEGORY_PII: "pii",
    reflex_pb2.CATEGORY_SECRET: "secret",
    reflex_pb2.CATEGORY_INJECTION: "injection",
}


class GrpcReflex:
    """The reflex's client.

    Args:
        target: where the reflex listens.
        seconds: how long a call may take.
        tokens: makes internal tokens; None while authentication is off.
        tls: secures the connection; None for a plain one.
    """

    def __init__(
        self,
        *,
        target: str,
        seconds: float = 5.0,
        tokens: InternalTokens | None = None,
        tls: MutualTls | None = None,
    ) -> None:
        self._channel = open_channel(target, timeout=seconds, tokens=tokens, tls=tls, peer="reflex")
        self._stub = reflex_pb2_grpc.ReflexServiceStub(self._channel)

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def check(self, texts: Sequence[str], *, pii: PiiPolicy, user: str) -> list[TextVerdict]:
        """A verdict on every text, in their order."""
        options = reflex_pb2.CheckOptions(cache=False, pii_policy=reflex_pb2.PiiPolicy.ValueType(pii))
        verdicts: list[TextVerdict] = []
        for batch in batches(texts):
            request = reflex_pb2.CheckBatchRequest(texts=batch, user_id=user[:255], options=options)
            response = await self._stub.CheckBatch(request)
            verdicts += map(_verdict, response.results)
        return verdicts

    async def value(self, key: str) -> str | None:
        """The JSON under a key, if there is any."""
        try:
            return (await self._stub.GetCache(reflex_pb2.GetCacheRequest(key=key))).value_json
        except NotFoundError:
            return None

    async def keep_value(self, key: str, value_json: str, *, seconds: int) -> None:
        """Keep JSON under a key for so many seconds."""
        request = reflex_pb2.PutCacheRequest(key=key, value_json=value_json, ttl_seconds=seconds)
        await self._stub.PutCache(request)


def batches(texts: Sequence[str]) -> list[list[str]]:
    """The texts in their order, in pieces that one call takes."""
    pieces: list[list[str]] = []
    size = 0
    for text in texts:
        length = len(text.encode())
        if not pieces or len(pieces[-1]) == _BATCH_TEXTS or size + length > _BATCH_BYTES:
            pieces.append([])
            size = 0
        pieces[-1].append(text)
        size += length
    return pieces


def _verdict(result: reflex_pb2.CheckResponse) -> TextVerdict:
    return TextVerdict(
        # Unless the reflex says that the text may pass, it does not: a guard fails closed.
        blocked=result.action not in {reflex_pb2.ACTION_ALLOW, reflex_pb2.ACTION_SANITIZE},
        sanitized=result.sanitized_text if result.action == reflex_pb2.ACTION_SANITIZE else None,
        findings=tuple(
            Finding(
                category=_CATEGORY.get(found.category, "policy"),
                type=found.type,
                severity=found.severity,
                start=found.start,
                end=found.end,
            )
            for found in result.findings
        ),
    )
