"""The reflex's settings, read once from OCTOLLM_* variables."""

import secrets
from typing import Annotated, Any, Self, cast

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from reflex.policy import Thresholds
from servicekit.redis_url import RedisUrl
from servicekit.settings import ServiceSettings


def _both(value: object) -> object:
    """A threshold that is left out or misspelt must not become a default, more lenient than the others'."""
    if isinstance(value, Thresholds):
        return value
    named = set(cast("dict[str, Any]", value)) if isinstance(value, dict) else set[str]()
    if named != {"flag", "block"}:
        raise ValueError('must have "flag" and "block" and nothing else')
    return cast("object", value)


RoleThresholds = Annotated[Thresholds, BeforeValidator(_both)]


class ReflexSettings(ServiceSettings):
    """What the reflex needs to know of its surroundings; times are in seconds, sizes in bytes."""

    redis_url: RedisUrl | None = None
    """Redis that the value cache is shared through; None keeps it in process."""
    redis_timeout: float = Field(default=0.08, gt=0)
    """How long one call to Redis may take: longer than a healthy one ever does, too short to be felt."""
    redis_pause: float = Field(default=1.0, gt=0)
    """How long Redis is left alone after it failed."""
    reflex_key: SecretStr = Field(default_factory=lambda: SecretStr(secrets.token_hex(32)), min_length=32)
    """Key of hashed redactions; give all replicas the same, or equal values get different hashes."""
    cache_entries: int = Field(default=20_000, ge=1)
    """Values in process at most."""
    cache_bytes: int = Field(default=64 * 1024 * 1024, ge=0)
    """Memory of values in process at most."""
    semantic_cache: bool = False
    """Whether a value put for a text is found by a text that says the same; this process's texts only."""
    verdict_entries: int = Field(default=20_000, ge=1)
    """Verdicts in process at most."""
    verdict_bytes: int = Field(default=32 * 1024 * 1024, ge=0)
    """Memory of verdicts in process at most."""
    verdict_seconds: float = Field(default=300.0, ge=0)
    """How long a verdict is remembered."""
    short_lane: int = Field(default=2, ge=1)
    """Threads for short texts."""
    long_lane: int = Field(default=1, ge=1)
    """Threads for long texts."""
    block_threshold: float = Field(default=0.85, gt=0, le=1)
    """Risk of injection from which a text is blocked."""
    role_thresholds: dict[str, RoleThresholds] = Field(default_factory=dict)
    """For each role with thresholds of its own "flag" and "block"; of several roles the strictest count."""
    flag_threshold: float = Field(default=0.5, gt=0, le=1)
    """Risk of injection from which it is reported."""

    @model_validator(mode="after")
    def thresholds_in_order(self) -> Self:
        """Refuse what would block without telling why."""
        if self.flag_threshold > self.block_threshold:
            raise ValueError("OCTOLLM_FLAG_THRESHOLD must not be above OCTOLLM_BLOCK_THRESHOLD")
        return self
