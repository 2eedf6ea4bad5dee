"""Values of Redis that this process has read lately; right as long as somebody tells of every change."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from reflex.cache.bounded import BoundedCache, held_bytes
from reflex.cache.single_flight import SingleFlight
from reflex.cache.values import StoredValue, with_hits


class Front:
    """Keeps what was read, until it is told of a change.

    Args:
        cache: where values are.
        read: asks Redis; None when a value is absent.
        now: the wall clock.
    """

    def __init__(
        self,
        *,
        cache: BoundedCache[StoredValue],
        read: Callable[[str], Awaitable[StoredValue | None]],
        now: Callable[[], datetime],
    ) -> None:
        self._cache = cache
        self._read = read
        self._now = now
        self._flights = SingleFlight[StoredValue | None]()
        self._latest: dict[str, object] = {}

    @property
    def bytes(self) -> int:
        """Of this process."""
        return self._cache.bytes

    def __contains__(self, name: str) -> bool:
        return name in self._cache

    async def get(self, name: str) -> StoredValue | None:
        """The value, from here or from Redis; equal reads at one time ask once.

        Raises:
            UnavailableError: Redis is away.
        """
        kept = self._cache.get(name)
        if kept is not None:
            return with_hits(kept.value, hits=kept.value.hits + kept.hits)
        return await self._flights.do(name, lambda: self._fetch(name))

    def forget(self, name: str) -> None:
        """A value changed."""
        self._cache.delete(name)
        self._flights.forget(name)
        self._latest.pop(name, None)

    def forget_all(self) -> None:
        """Every value may have changed."""
        self._cache.clear()
        self._flights.forget_all()
        self._latest.clear()

    async def _fetch(self, name: str) -> StoredValue | None:
        # A change told while the answer is on its way makes the answer old: it is given, and not kept. A read
        # that began after the change may be answered sooner, so each read knows itself by a mark of its own.
        mark = self._latest[name] = object()
        try:
            value = await self._read(name)
            if value is not None and self._latest.get(name) is mark:
                ttl = (value.expires_at - self._now()).total_seconds()
                self._cache.put(name, value, size=held_bytes(value.value_json), ttl=ttl)
            return value
        finally:
            if self._latest.get(name) is mark:
                del self._latest[name]
