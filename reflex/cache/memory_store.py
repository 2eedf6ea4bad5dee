"""Values in this process, where there is no Redis."""

from collections.abc import Callable
from datetime import datetime

from reflex.cache.bounded import BoundedCache, held_bytes
from reflex.cache.values import StoredValue, StoreStats, with_hits


class MemoryStore:
    """Keeps values in this process.

    Args:
        cache: where.
        now: the wall clock.
    """

    backend = "memory"

    def __init__(self, *, cache: BoundedCache[StoredValue], now: Callable[[], datetime]) -> None:
        self._cache = cache
        self._now = now

    async def put(self, name: str, value: StoredValue) -> None:
        """See `ValueStore`."""
        ttl = (value.expires_at - self._now()).total_seconds()
        self._cache.put(name, value, size=held_bytes(value.value_json), ttl=ttl)

    async def get(self, name: str) -> StoredValue | None:
        """See `ValueStore`."""
        kept = self._cache.get(name)
        return with_hits(kept.value, hits=kept.hits) if kept else None

    async def delete(self, name: str) -> bool:
        """See `ValueStore`."""
        return self._cache.delete(name)

    async def stats(self) -> StoreStats:
        """See `ValueStore`."""
        self._cache.drop_expired()
        return StoreStats(entries=len(self._cache), bytes=self._cache.bytes, evictions=self._cache.evictions)
