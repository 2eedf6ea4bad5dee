"""Values in Redis with a tier in process before it, right across processes; in process alone in an outage.

Invariants: the front holds a value only while the server tells of changes, and drops what it tells; what is
put or deleted in an outage is kept aside and written to Redis before anything is read from it again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
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
_HAND_BACK = """
local known, held = pcall(cjson.decode, redis.call('GET', KEYS[1]) or '')
if known and type(held) == 'table' and (held.created or 0) > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
"""
"""Writes a value unless another process, which had Redis back sooner, wrote a later one."""
FEW_ASIDE = 100
"""Names that are written back while others wait to write: a few dozen milliseconds."""
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
        self._handing_back = asyncio.Lock()

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
        async with self._handing_back:
            if not self._up:
                self._keep_aside(name, value)
                return
        await self.put(name, value)

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
        async with self._handing_back:
            if not self._up:
                self._aside.delete(name)
                self._written_aside.add(name)
                return True
        return await self.delete(name)

    async def stats(self) -> StoreStats:
        """See `ValueStore`: of Redis while it is up, else of what was kept aside."""
        held = self._front.bytes + self._aside.bytes
        if self._up:
            try:
                entries = sum([len(keys) async for keys in self._pages()])
                return StoreStats(entries=entries, bytes=held, evictions=await self._evicted())
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
            await self._write_aside(but=FEW_ASIDE)
            # Whoever writes now waits: a value put aside after the last look would be lost.
            async with self._handing_back:
                await self._write_aside(but=0)
                self._aside.clear()
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
                self._flights.forget_all()
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
        pipe = self._link.client.pipeline(transaction=True)
        pipe.set(PREFIX + name, _encoded(value), px=self._milliseconds(value))
        pipe.delete(_READS + name)
        await self._link.call(pipe.execute())

    async def _write_aside(self, *, but: int) -> None:
        """Bring Redis up to date with the outage, until no more names are left than `but`."""
        if len(self._written_aside) > MOST_ASIDE:
            async for keys in self._pages():
                await self._link.call(self._link.client.delete(*keys))
        while len(self._written_aside) > but:
            name = self._written_aside.pop()
            try:
                await self._hand_back(name)
            except UnavailableError:
                self._written_aside.add(name)
                raise

    async def _hand_back(self, name: str) -> None:
        """Write what was put aside; a name without a value was deleted, or no longer fits."""
        kept = self._aside.get(name)
        if kept is None:
            await self._link.call(self._link.client.delete(PREFIX + name, _READS + name))
        else:
            value = kept.value
            arguments = (_encoded(value), value.created_at.timestamp(), self._milliseconds(value))
            keys = (PREFIX + name, _READS + name)
            await self._link.call(self._link.client.eval(_HAND_BACK, len(keys), *keys, *arguments))

    def _milliseconds(self, value: StoredValue) -> int:
        return max(1, int((value.expires_at - self._now()) / timedelta(milliseconds=1)))

    def _keep_aside(self, name: str, value: StoredValue) -> None:
        ttl = (value.expires_at - self._now()).total_seconds()
        self._aside.put(name, value, size=len(value.value_json.encode()), ttl=ttl)
        self._written_aside.add(name)

    def _from_aside(self, name: str) -> StoredValue | None:
        kept = self._aside.get(name)
        return with_hits(kept.value, hits=kept.hits) if kept else None

    def _forget(self, name: str) -> None:
        self._front.delete(name)
        self._flights.forget(name)
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

    async def _pages(self) -> AsyncIterator[Sequence[bytes]]:
        """The keys of all values; each page is a call of its own, as all of them may take seconds."""
        cursor = -1
        while cursor:
            page = self._link.client.scan(max(cursor, 0), match=f"{PREFIX}*", count=5000)
            cursor, keys = await self._link.call(page)
            if keys:
                yield keys

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
