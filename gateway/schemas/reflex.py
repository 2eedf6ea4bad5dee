"""The reflex: checks, cached values, statistics."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateway.schemas.base import CACHE_KEY_PATTERN, Instant, Sent, Told

Text = Annotated[str, StringConstraints(min_length=1, max_length=100_000)]
CacheKey = Annotated[str, StringConstraints(pattern=CACHE_KEY_PATTERN)]


class CheckFlags(Sent):
    """What to check for."""

    cache: bool = Field(default=True, description="Look the text up in the caches.")
    pii: bool = Field(default=True, description="Look for personal data.")
    secrets: bool = Field(default=True, description="Look for secrets.")
    injection: bool = Field(default=True, description="Look for injections.")


class CheckRequest(Sent):
    """A text to check."""

    text: Text = Field(description="The text.")
    user_id: Annotated[str, StringConstraints(max_length=255)] | None = Field(
        default=None, description="The end user on whose behalf it is checked; nothing of it is kept."
    )
    checks: CheckFlags = Field(default_factory=CheckFlags)
    redact: bool = Field(default=True, description="Return `sanitized_text`.")


class CheckBatchRequest(Sent):
    """Many texts to check in the same way."""

    texts: Annotated[list[Text], Field(min_length=1, max_length=100)] = Field(
        description="The texts, together at most 1 MiB."
    )
    user_id: Annotated[str, StringConstraints(max_length=255)] | None = Field(
        default=None, description="The end user on whose behalf they are checked; nothing of it is kept."
    )
    checks: CheckFlags = Field(default_factory=CheckFlags)
    redact: bool = Field(default=True, description="Return `sanitized_text`.")


class Finding(Told):
    """Something that was found; it never repeats the value."""

    category: Literal["pii", "secret", "injection"]
    type: str
    severity: Literal["low", "medium", "high", "critical"]
    start: int = Field(ge=0, description="Offset of its first character.")
    end: int = Field(ge=0, description="Offset after its last character.")
    confidence: float = Field(ge=0, le=1)
    reason: str


class CacheLookup(Told):
    """What the value cache holds for the text."""

    hit: bool
    key: str
    value: Any = Field(description="The cached value; null without a hit.")


class CheckResponse(Told):
    """The verdict on a text."""

    request_id: str
    action: Literal["allow", "sanitize", "block"]
    cache: CacheLookup
    findings: list[Finding]
    sanitized_text: str | None = Field(
        description="The text that may pass; null when redact is off or it is blocked."
    )
    risk_score: float = Field(ge=0, le=1)
    processing_time_ms: float = Field(ge=0)


class CheckBatchResponse(Told):
    """The verdicts, in the order of the texts."""

    results: list[CheckResponse]


class PutCacheRequest(Sent):
    """A value to store, under a key of the caller's choice or under the key of a text."""

    key: CacheKey | None = Field(default=None, description="The key; or give `text`.")
    text: Text | None = Field(default=None, description="The text whose key is used; or give `key`.")
    value: Any = Field(description="Any JSON value, at most 1 MiB.")
    ttl_seconds: int = Field(default=300, ge=1, le=86_400, description="How long it is kept.")

    @model_validator(mode="after")
    def exactly_one(self) -> Self:
        """Refuse both and neither."""
        if (self.key is None) == (self.text is None):
            raise PydanticCustomError("exactly_one", "must be given exactly one of key and text")
        return self


class PutCacheResponse(Told):
    """Where a value is stored, and until when."""

    key: str
    expires_at: Instant


class CacheEntry(Told):
    """A stored value."""

    key: str
    value: Any
    created_at: Instant
    expires_at: Instant
    hits: int = Field(ge=0)


class Latency(Told):
    """Times of a check, in milliseconds."""

    p50: float
    p95: float
    p99: float


class Stats(Told):
    """What the reflex did since it started."""

    entries: int
    hits: int
    misses: int
    hit_rate: float = Field(ge=0, le=1)
    evictions: int
    memory_bytes: int
    checks: int
    blocked: int
    sanitized: int
    latency_ms: Latency
    backend: Literal["memory", "redis"]
    uptime_seconds: float
