"""Values of Redis that this process has read lately; right as long as somebody tells of every change."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from reflex.bounded import BoundedCache
from reflex.single_flight import SingleFlight
from reflex.values import StoredValue, with_hits


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
        self._fetching: dict[str, bool] = {}

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
        if name in self._fetching:
            self._fetching[name] = False

    def forget_all(self) -> None:
        """Every value may have changed."""
        self._cache.clear()
        self._fetching = dict.fromkeys(self._fetching, False)
        self._flights.forget_all()

    async def _fetch(self, name: str) -> StoredValue | None:
        self._fetching[name] = True
        try:
            value = await self._read(name)
            # A change told while the answer was on its way makes the answer old: it is given, and not kept.
            if value is not None and self._fetching[name]:
                ttl = (value.expires_at - self._now()).total_seconds()
                self._cache.put(name, value, size=len(value.value_json.encode()), ttl=ttl)
            return value
        finally:
            self._fetching.pop(name, None)
