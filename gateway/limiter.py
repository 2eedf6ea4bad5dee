"""How many requests somebody may make a minute: an exact moving window, in process or shared on Redis.

A fixed window would let twice the limit through at its edge.
"""

import asyncio
import logging
import math
import time
from dataclasses import dataclass
from typing import Any, cast

from limits import RateLimitItemPerMinute, WindowStats
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter as SharedWindow
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter as LocalWindow
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from servicekit.metrics import Metrics

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60
_NAMESPACE = "octollm"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the limiter says of one request.

    Attributes:
        allowed: whether it may pass.
        limit: requests a minute.
        remaining: how many more may pass now.
        reset_seconds: when the oldest of those counted leaves the window.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int


class Limiter:
    """Counts requests by who makes them.

    Args:
        redis_url: where the count is shared; None counts in this process.
        redis_timeout: seconds that Redis may take, connecting or answering.
        redis_pause: seconds for which Redis is left alone after it failed.
        parts: how many processes share the limit; without Redis each grants its part, all together one limit.
        metrics: where a degraded limiter is told.
    """

    def __init__(
        self,
        *,
        redis_url: str | None,
        redis_timeout: float,
        redis_pause: float,
        parts: int,
        metrics: Metrics,
    ) -> None:
        self._local = LocalWindow(MemoryStorage())
        self._storage = _redis(redis_url, seconds=redis_timeout) if redis_url else None
        self._shared = SharedWindow(self._storage) if self._storage else None
        self._within = redis_timeout
        self._pause = redis_pause
        self._parts = parts
        self._shut_until = 0.0
        self._degraded = metrics.gauge(
            "octollm_rate_limit_degraded",
            "1 while Redis is away and each process grants its part of the limit.",
            across="livemax",
        )

    async def hit(self, kind: str, who: str, *, limit: int) -> Verdict:
        """Count one request of `who`, and tell whether it may pass."""
        if self._shared is None:
            return self._hit_locally(kind, who, limit=self._part(limit))
        if time.monotonic() >= self._shut_until:
            try:
                async with asyncio.timeout(self._within):
                    verdict = await self._hit_shared(self._shared, kind, who, limit=limit)
            except (RedisError, OSError, TimeoutError) as error:
                self._degrade(error)
            else:
                self._recover()
                return verdict
        return self._hit_locally(kind, who, limit=self._part(limit))

    def _part(self, limit: int) -> int:
        """What this process grants by itself; at least one request, or nobody would get in."""
        return max(limit // self._parts, 1)

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._storage is not None:
            await cast("Any", self._storage.bridge).get_connection().aclose()

    async def _hit_shared(self, window: SharedWindow, kind: str, who: str, *, limit: int) -> Verdict:
        item = RateLimitItemPerMinute(limit, namespace=_NAMESPACE)
        allowed = await window.hit(item, kind, who)
        return _verdict(allowed, await window.get_window_stats(item, kind, who), limit=limit)

    def _hit_locally(self, kind: str, who: str, *, limit: int) -> Verdict:
        item = RateLimitItemPerMinute(limit, namespace=_NAMESPACE)
        allowed = self._local.hit(item, kind, who)
        return _verdict(allowed, self._local.get_window_stats(item, kind, who), limit=limit)

    def _degrade(self, error: Exception) -> None:
        if not self._shut_until:
            log.warning(
                "Redis is away: this process grants its part of the rate limits by itself",
                extra={"cause": type(error).__name__, "parts": self._parts},
            )
        self._shut_until = time.monotonic() + self._pause
        self._degraded.set(1)

    def _recover(self) -> None:
        if self._shut_until:
            log.info("Redis is back: rate limits are shared again")
            self._shut_until = 0.0
            self._degraded.set(0)


def _redis(url: str, *, seconds: float) -> RedisStorage:
    """Redis with bounds: its client's defaults wait for ever, and turn a quarter of a second into nine."""
    scheme, _, rest = url.partition("://")
    known = "redis+unix" if scheme == "unix" else scheme
    options: dict[str, Any] = {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry": Retry(NoBackoff(), 0),
    }
    return RedisStorage(f"async+{known}://{rest}", implementation="redispy", **options)


def _verdict(allowed: bool, stats: WindowStats, *, limit: int) -> Verdict:  # noqa: FBT001  # a private helper
    left = min(max(1, math.ceil(stats.reset_time - time.time())), WINDOW_SECONDS)
    remaining = min(max(0, stats.remaining), limit)
    return Verdict(allowed=allowed, limit=limit, remaining=remaining if allowed else 0, reset_seconds=left)
