"""Values in Redis with a tier in process before it, right across processes; in process alone in an outage.

Invariants: the front holds a value only while the server tells of changes, and drops what it tells; what is
put or deleted in an outage is kept aside and written to Redis before anything is read from it again.
"""

import asyncio
import logging
from collections.abc import Callable

from reflex.cache.aside import Aside
from reflex.cache.front import Front
from reflex.cache.redis_link import News, RedisLink
from reflex.cache.redis_values import PREFIX, RedisValues
from reflex.cache.values import StoredValue, StoreStats
from servicekit.errors import UnavailableError

_LOG = logging.getLogger(__name__)

FEW_ASIDE = 100
"""Names that are written back while others wait to write: a few dozen milliseconds."""


class RedisStore:
    """Keeps values in Redis; serves without it.

    Args:
        link: to Redis.
        values: what lies there.
        front: what this process has read lately.
        aside: what is put and deleted while Redis is away.
        pause: seconds between attempts to reach a Redis that is away.
        on_change: told whether Redis is up, and why not.
    """

    def __init__(
        self,
        *,
        link: RedisLink,
        values: RedisValues,
        front: Front,
        aside: Aside,
        pause: float,
        on_change: Callable[[bool, str], None],
    ) -> None:
        self._link = link
        self._values = values
        self._front = front
        self._aside = aside
        self._pause = pause
        self._on_change = on_change
        self._up = False
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
                await self._values.write(name, value)
            except UnavailableError as error:
                self._lose(error)
            else:
                self._front.forget(name)
                return
        async with self._handing_back:
            if not self._up:
                self._aside.put(name, value)
                return
        await self.put(name, value)

    async def get(self, name: str) -> StoredValue | None:
        """See `ValueStore`."""
        if self._up:
            try:
                return await self._front.get(name)
            except UnavailableError as error:
                self._lose(error)
        return self._aside.get(name)

    async def delete(self, name: str) -> bool:
        """See `ValueStore`; in an outage what is in Redis cannot be known, and counts as there."""
        if self._up:
            try:
                gone = await self._values.delete(name)
            except UnavailableError as error:
                self._lose(error)
            else:
                self._front.forget(name)
                return gone
        async with self._handing_back:
            if not self._up:
                self._aside.delete(name)
                return True
        return await self.delete(name)

    async def stats(self) -> StoreStats:
        """See `ValueStore`: of Redis while it is up, else of what was kept aside."""
        held = self._front.bytes + self._aside.bytes
        if self._up:
            try:
                entries, evictions = await self._values.count(), await self._values.evicted()
                return StoreStats(entries=entries, bytes=held, evictions=evictions)
            except UnavailableError as error:
                self._lose(error)
        return StoreStats(entries=len(self._aside), bytes=held, evictions=self._aside.evictions)

    async def follow(self) -> None:
        """Keep the link up and the front true, until cancelled."""
        while True:
            try:
                await self.connect_once()
            except UnavailableError as error:
                self._lose(error)
            except Exception as error:  # noqa: BLE001  # a defect must not leave a front that nobody corrects
                _LOG.exception("the news of Redis cannot be followed")
                self._lose(UnavailableError(f"its news cannot be followed ({type(error).__name__})"))
            await asyncio.sleep(self._pause)

    async def connect_once(self) -> None:
        """Connect, write what was kept aside, then follow the news for as long as Redis stays.

        Raises:
            UnavailableError: Redis is away, or went away.
        """
        async with self._link.news() as news:
            await self._aside.hand_back(to=self._values, but=FEW_ASIDE)
            # Whoever writes now waits: a value put aside after the last look would be lost.
            async with self._handing_back:
                await self._aside.hand_back(to=self._values, but=0)
                self._aside.clear()
                self._front.forget_all()
                self._broken.clear()
                self._up = True
            self._on_change(True, "")
            await self._follow_news(news)

    async def _follow_news(self, news: News) -> None:
        while not self._broken.is_set():
            changed = await news.next()
            if changed is None:
                self._front.forget_all()
            for key in changed or ():
                self._front.forget(key.removeprefix(PREFIX))

    def _lose(self, error: UnavailableError) -> None:
        """Redis is away: nothing more is asked of it until `follow` has it back."""
        self._broken.set()
        self._front.forget_all()
        if self._up:
            _LOG.warning("Redis is away; values are kept in process", extra={"reason": error.message})
        self._up = False
        self._on_change(False, error.message)
