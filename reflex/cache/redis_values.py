"""Values as they lie in Redis: what each command does, and how a value is written as bytes."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from redis.exceptions import ResponseError

from reflex.cache.redis_link import RedisLink
from reflex.cache.values import StoredValue

PREFIX = "octollm:reflex:value:"
_READS = "octollm:reflex:reads:"
_READS_KEPT = timedelta(days=1)
_WRITE_LATEST = """
local known, held = pcall(cjson.decode, redis.pcall('GET', KEYS[1]) or '')
if known and type(held) == 'table' and (held.created or 0) > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
"""
"""Writes a value unless another process, which had Redis back sooner, wrote a later one."""
_PAGE = 5000


class RedisValues:
    """Reads and writes values in Redis; every method raises UnavailableError when it is away.

    Args:
        link: to Redis.
        now: the wall clock.
    """

    def __init__(self, *, link: RedisLink, now: Callable[[], datetime]) -> None:
        self._link = link
        self._now = now

    async def read(self, name: str) -> StoredValue | None:
        """The value, counted as read; None when absent, expired or not written by us."""
        pipe = self._link.client.pipeline(transaction=False)
        pipe.get(PREFIX + name)
        pipe.incr(_READS + name)
        pipe.pexpire(_READS + name, _READS_KEPT)
        raw, reads, _ = await self._link.call(_answers(pipe))
        if raw is None:
            await self._link.call(self._link.client.delete(_READS + name))
            return None
        value = _decoded(raw, hits=int(reads))
        return value if value is not None and value.expires_at > self._now() else None

    async def write(self, name: str, value: StoredValue) -> None:
        """Keep a value until it expires."""
        pipe = self._link.client.pipeline(transaction=True)
        pipe.set(PREFIX + name, _encoded(value), px=self._milliseconds(value))
        pipe.delete(_READS + name)
        await self._link.call(pipe.execute())

    async def write_latest(self, name: str, value: StoredValue) -> None:
        """Keep a value until it expires, unless a later one is there."""
        arguments = (_encoded(value), value.created_at.timestamp(), self._milliseconds(value))
        keys = (PREFIX + name, _READS + name)
        await self._link.call(self._link.client.eval(_WRITE_LATEST, len(keys), *keys, *arguments))

    async def delete(self, name: str) -> bool:
        """Forget a value; whether it was there."""
        pipe = self._link.client.pipeline(transaction=True)
        pipe.delete(PREFIX + name)
        pipe.delete(_READS + name)  # apart: somebody who looked in vain leaves a count for a moment
        gone, _ = await self._link.call(pipe.execute())
        return bool(gone)

    async def delete_all(self) -> None:
        """Forget every value of every process."""
        async for keys in self._pages():
            await self._link.call(self._link.client.delete(*keys))

    async def count(self) -> int:
        """Values there are."""
        return sum([len(keys) async for keys in self._pages()])

    async def evicted(self) -> int:
        """Keys that the server pushed out before their time, ours and others'."""
        stats = await self._link.call(self._link.client.info("stats"))
        return int(stats.get("evicted_keys", 0))

    def _milliseconds(self, value: StoredValue) -> int:
        return max(1, int((value.expires_at - self._now()) / timedelta(milliseconds=1)))

    async def _pages(self) -> AsyncIterator[Sequence[bytes]]:
        """The keys of all values; each page is a call of its own, as all of them may take seconds."""
        cursor = -1
        while cursor:
            page = self._link.client.scan(max(cursor, 0), match=f"{PREFIX}*", count=_PAGE)
            cursor, keys = await self._link.call(page)
            if keys:
                yield keys


async def _answers(pipe: Any) -> list[Any]:
    """A pipeline's answers; a key that holds another type than ours answers None, as if it were absent."""
    answers = await pipe.execute(raise_on_error=False)
    for place, answer in enumerate(answers):
        if isinstance(answer, ResponseError):
            if not str(answer).startswith("WRONGTYPE"):
                raise answer
            answers[place] = None
    return answers


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
