"""The reflex's settings, read once from OCTOLLM_* variables."""

import secrets

from pydantic import Field, SecretStr

from reflex.policy import Thresholds
from servicekit.settings import ServiceSettings


class ReflexSettings(ServiceSettings):
    """What the reflex needs to know of its surroundings; times are in seconds, sizes in bytes."""

    redis_url: SecretStr | None = None
    """Redis that the value cache is shared through; None keeps it in process."""
    redis_timeout: float = 0.08
    """How long one call to Redis may take: longer than a healthy one ever does, too short to be felt."""
    redis_pause: float = 1.0
    """How long Redis is left alone after it failed."""
    reflex_key: SecretStr = Field(default_factory=lambda: SecretStr(secrets.token_hex(32)))
    """Key of hashed redactions; give all replicas the same, or equal values get different hashes."""
    cache_entries: int = 20_000
    """Values in process at most."""
    cache_bytes: int = 64 * 1024 * 1024
    """Memory of values in process at most."""
    semantic_cache: bool = False
    """Whether a value put for a text is found by a text that says the same; this process's texts only."""
    verdict_entries: int = 20_000
    """Verdicts in process at most."""
    verdict_bytes: int = 32 * 1024 * 1024
    """Memory of verdicts in process at most."""
    verdict_seconds: float = 300.0
    """How long a verdict is remembered."""
    short_lane: int = 2
    """Threads for short texts."""
    long_lane: int = 1
    """Threads for long texts."""
    block_threshold: float = Field(default=0.85, gt=0, le=1)
    """Risk of injection from which a text is blocked."""
    role_thresholds: dict[str, Thresholds] = Field(default_factory=dict)
    """For each role with thresholds of its own "flag" and "block"; of several roles the strictest count."""
    flag_threshold: float = Field(default=0.5, gt=0, le=1)
    """Risk of injection from which it is reported."""
