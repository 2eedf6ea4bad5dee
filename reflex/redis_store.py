"""Values in Redis with a tier in process before it, right across processes; in process alone in an outage.

Invariants: the front holds a value only while the server tells of changes, and drops what it tells; what is
put or deleted in an outage is kept aside and written to Redis before anything is read from it again.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson

from reflex.bounded import BoundedCache
from reflex.redis_link import News, RedisLink
from reflex.single_flight import SingleFlight
from reflex.values import StoredValue, StoreStats, with_hits
from servicekit.errors import UnavailableError

_LOG = logging.getLogger(__name__)

PREFIX = "octollm:reflex:value:"
_READS = "octollm:reflex:reads:"
MOST_ASIDE = 50_000
"""Names written in an outage that are remembered; past that every value in Redis is dropped on its return."""


class RedisStore:
    """Keeps values in Redis; serves without it.

    Args:
        link: to Redis.
        front: values that this process has read lately.
        aside: values that were put while Redis was away.
        now: the wall clock.
        pause: seconds between attempts to reach a Redis that is away.
        on_change: told whether Redis is up, and why not.
    """

    def __init__(
        self,
        *,
        link: RedisLink,
        front: BoundedCache[StoredValue],
        aside: BoundedCache[StoredValue],
        now: Callable[[], datetime],
        pause: float,
        on_change: Callable[[bool, str], None],
    ) -> None:
        self._link = link
        self._front = front
        self._aside = aside
        self._now = now
        self._pause = pause
        self._on_change = on_change
        self._up = False
        self._written_aside: set[str] = set()
        self._flights = SingleFlight[StoredValue | None]()
        self._fetching: dict[str, bool] = {}
        self._broken = asyncio.Event()

    @property
    def backend(self) -> str:
        """Where values are kept now."""
        return "redis" if self._up else "memory"

    async def put(self, name: str, value: StoredValue) -> None:
        """See `ValueStore`."""
        if self._up:
            try:
                await self._write(name, value)
            except UnavailableError as error:
                self._lose(error)
            else:
                self._forget(name)
                return
        self._keep_aside(name, value)

    async def get(self, name: str) -> StoredValue | None:
        """See `ValueStore`."""
        if not self._up:
            return self._from_aside(name)
        kept = self._front.get(name)
        if kept is not None:
            return with_hits(kept.value, hits=kept.value.hits + kept.hits)
        try:
            return await self._flights.do(name, lambda: self._fetch(name))
        except UnavailableError as error:
            self._lose(error)
            return self._from_aside(name)

    async def delete(self, name: str) -> bool:
        """See `ValueStore`; in an outage what is in Redis cannot be known, and counts as there."""
        if self._up:
            try:
                gone = await self._link.call(self._link.client.delete(PREFIX + name, _READS + name))
            except UnavailableError as error:
                self._lose(error)
            else:
                self._forget(name)
                return bool(gone)
        self._aside.delete(name)
        self._written_aside.add(name)
        return True

    async def stats(self) -> StoreStats:
        """See `ValueStore`: of Redis while it is up, else of what was kept aside."""
        held = self._front.bytes + self._aside.bytes
        if self._up:
            try:
                return StoreStats(
                    entries=await self._link.call(self._count()), bytes=held, evictions=await self._evicted()
                )
            except UnavailableError as error:
                self._lose(error)
        self._aside.drop_expired()
        return StoreStats(entries=len(self._aside), bytes=held, evictions=self._aside.evictions)

    async def follow(self) -> None:
        """Keep the link up and the front true, until cancelled."""
        while True:
            try:
                await self.connect_once()
            except UnavailableError as error:
                self._lose(error)
            await asyncio.sleep(self._pause)

    async def connect_once(self) -> None:
        """Connect, write what was kept aside, then follow the news for as long as Redis stays.

        Raises:
            UnavailableError: Redis is away, or went away.
        """
        async with self._link.news() as news:
            await self._write_aside()
            self._front.clear()
            self._broken.clear()
            self._up = True
            self._on_change(True, "")
            await self._follow_news(news)

    async def _follow_news(self, news: News) -> None:
        while not self._broken.is_set():
            changed = await news.next()
            if changed is None:
                self._front.clear()
                self._fetching = dict.fromkeys(self._fetching, False)
            for key in changed or ():
                self._forget(key.removeprefix(PREFIX))

    async def _fetch(self, name: str) -> StoredValue | None:
        self._fetching[name] = True
        try:
            value = await self._read(name)
            # A change told while the answer was on its way makes the answer old: it is given, and not kept.
            if value is not None and self._fetching[name] and self._up:
                ttl = (value.expires_at - self._now()).total_seconds()
                self._front.put(name, value, size=len(value.value_json.encode()), ttl=ttl)
            return value
        finally:
            self._fetching.pop(name, None)

    async def _read(self, name: str) -> StoredValue | None:
        pipe = self._link.client.pipeline(transaction=False)
        pipe.get(PREFIX + name)
        pipe.incr(_READS + name)
        pipe.pexpire(_READS + name, 86_400_000)
        raw, reads, _ = await self._link.call(pipe.execute())
        if raw is None:
            await self._link.call(self._link.client.delete(_READS + name))
            return None
        value = _decoded(raw, hits=int(reads))
        return value if value is not None and value.expires_at > self._now() else None

    async def _write(self, name: str, value: StoredValue) -> None:
        left = max(1, int((value.expires_at - self._now()) / timedelta(milliseconds=1)))
        pipe = self._link.client.pipeline(transaction=True)
        pipe.set(PREFIX + name, _encoded(value), px=left)
        pipe.delete(_READS + name)
        await self._link.call(pipe.execute())

    async def _write_aside(self) -> None:
        """Bring Redis up to date with the outage; a name without a value was deleted, or no longer fits."""
        if len(self._written_aside) > MOST_ASIDE:
            async for key in self._link.client.scan_iter(match=f"{PREFIX}*", count=1000):
                await self._link.call(self._link.client.delete(key))
        for name in list(self._written_aside):
            kept = self._aside.get(name)
            if kept is None:
                await self._link.call(self._link.client.delete(PREFIX + name, _READS + name))
            else:
                await self._write(name, kept.value)
            self._written_aside.discard(name)
        self._aside.clear()

    def _keep_aside(self, name: str, value: StoredValue) -> None:
        ttl = (value.expires_at - self._now()).total_seconds()
        self._aside.put(name, value, size=len(value.value_json.encode()), ttl=ttl)
        self._written_aside.add(name)

    def _from_aside(self, name: str) -> StoredValue | None:
        kept = self._aside.get(name)
        return with_hits(kept.value, hits=kept.hits) if kept else None

    def _forget(self, name: str) -> None:
        self._front.delete(name)
        if name in self._fetching:
            self._fetching[name] = False

    def _lose(self, error: UnavailableError) -> None:
        """Redis is away: nothing more is asked of it until `follow` has it back."""
        self._broken.set()
        self._front.clear()
        if self._up:
            _LOG.warning("Redis is away; values are kept in process", extra={"reason": error.message})
        self._up = False
        self._on_change(False, error.message)

    async def _count(self) -> int:
        count = 0
        async for _ in self._link.client.scan_iter(match=f"{PREFIX}*", count=10_000):
            count += 1
        return count

    async def _evicted(self) -> int:
        stats = await self._link.call(self._link.client.info("stats"))
        return int(stats.get("evicted_keys", 0))


def _encoded(value: StoredValue) -> bytes:
    return orjson.dumps(
        {
            "value": value.value_json,
            "created": value.created_at.timestamp(),
            "expires": value.expires_at.timestamp(),
        }
    )


def _decoded(raw: bytes, *, hits: int) -> StoredValue | None:
    """The value, or None for what we did not write."""
    try:
        fields = orjson.loads(raw)
        return StoredValue(
            value_json=str(fields["value"]),
            created_at=datetime.fromtimestamp(fields["created"], UTC),
            expires_at=datetime.fromtimestamp(fields["expires"], UTC),
            hits=hits,
        )
    except (ValueError, TypeError, KeyError):
        return None
