"""What is put and deleted while Redis is away: kept in process, and handed back when it returns."""

from collections.abc import Callable
from datetime import datetime

from reflex.cache.bounded import BoundedCache, held_bytes
from reflex.cache.redis_values import RedisValues
from reflex.cache.values import StoredValue, with_hits
from servicekit.errors import UnavailableError

MOST_NAMES = 50_000
"""Names written in an outage that are remembered; past that every value in Redis is dropped on its return."""


class Aside:
    """Keeps the values of an outage, and the names that Redis must hear of.

    Args:
        cache: where values are.
        now: the wall clock.
        most_names: see `MOST_NAMES`.
    """

    def __init__(
        self, *, cache: BoundedCache[StoredValue], now: Callable[[], datetime], most_names: int = MOST_NAMES
    ) -> None:
        self._cache = cache
        self._now = now
        self._most_names = most_names
        self._names: set[str] = set()
        self._lost_count = False

    @property
    def bytes(self) -> int:
        """Of this process."""
        return self._cache.bytes

    @property
    def evictions(self) -> int:
        """Values pushed out before their time."""
        return self._cache.evictions

    def __len__(self) -> int:
        self._cache.drop_expired()
        return len(self._cache)

    def put(self, name: str, value: StoredValue) -> None:
        """Keep a value."""
        ttl = (value.expires_at - self._now()).total_seconds()
        self._cache.put(name, value, size=held_bytes(value.value_json), ttl=ttl)
        self._remember(name)

    def get(self, name: str) -> StoredValue | None:
        """The value, counted as read."""
        kept = self._cache.get(name)
        return with_hits(kept.value, hits=kept.hits) if kept else None

    def delete(self, name: str) -> None:
        """Forget a value here, and in Redis when it is back."""
        self._cache.delete(name)
        self._remember(name)

    def clear(self) -> None:
        """Forget the values; what was handed back is in Redis."""
        self._cache.clear()

    async def hand_back(self, *, to: RedisValues, but: int) -> None:
        """Bring Redis up to date with the outage, until no more names are left than `but`.

        Raises:
            UnavailableError: Redis went away again; what is left is still known.
        """
        if self._lost_count:
            await to.delete_all()
            self._names, self._lost_count = set(self._cache.keys()), False
        while len(self._names) > but:
            name = self._names.pop()
            try:
                await self._hand_back(name, to=to)
            except UnavailableError:
                self._names.add(name)
                raise

    async def _hand_back(self, name: str, *, to: RedisValues) -> None:
        """Write what was put aside; a name without a value was deleted, or no longer fits."""
        kept = self._cache.get(name)
        if kept is None:
            await to.delete(name)
        else:
            await to.write_latest(name, kept.value)

    def _remember(self, name: str) -> None:
        if name in self._names:
            return
        self._lost_count = self._lost_count or len(self._names) >= self._most_names
        if not self._lost_count:
            self._names.add(name)
