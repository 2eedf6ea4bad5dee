"""Values in a real Redis: shared, invalidated, and right through death, freeze and flush."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from reflex.cache.aside import MOST_NAMES, Aside
from reflex.cache.bounded import BoundedCache
from reflex.cache.front import Front
from reflex.cache.redis_link import CHANNEL, RedisLink
from reflex.cache.redis_store import RedisStore
from reflex.cache.redis_values import PREFIX, RedisValues
from reflex.cache.values import StoredValue
from tests.support.valkey import Valkey

TIMEOUT = 0.08


def now() -> datetime:
    return datetime.now(UTC)


def value(text: str, *, ttl: float = 60) -> StoredValue:
    return StoredValue(value_json=text, created_at=now(), expires_at=now() + timedelta(seconds=ttl))


class Changes:
    """Lets a test wait for Redis to come and go."""

    def __init__(self) -> None:
        self.up = asyncio.Event()
        self.down = asyncio.Event()

    def __call__(self, up: bool, _why: str) -> None:
        (self.up if up else self.down).set()
        (self.down if up else self.up).clear()


def cache() -> BoundedCache[StoredValue]:
    return BoundedCache(entries=1000, memory=10_000_000, clock=time.monotonic)


def made(link: RedisLink, changes: Changes, *, most_names: int = MOST_NAMES) -> RedisStore:
    values = RedisValues(link=link, now=now)
    return RedisStore(
        link=link,
        values=values,
        front=Front(cache=cache(), read=values.read, now=now),
        aside=Aside(cache=cache(), now=now, most_names=most_names),
        pause=0.02,
        on_change=changes,
    )


@asynccontextmanager
async def running(url: str, *, most_names: int = MOST_NAMES) -> AsyncIterator[tuple[RedisStore, Changes]]:
    changes = Changes()
    link = RedisLink(url=url, timeout=TIMEOUT, prefix=PREFIX)
    store = made(link, changes, most_names=most_names)
    task = asyncio.create_task(store.follow())
    try:
        await asyncio.wait_for(changes.up.wait(), 10)
        yield store, changes
    finally:
        task.cancel()
        await link.close()


async def eventually(seen: Callable[[], object], expected: object) -> None:
    async with asyncio.timeout(10):
        while True:
            result = seen()
            if (await result if asyncio.iscoroutine(result) else result) == expected:
                return
            await asyncio.sleep(0.01)


async def text_of(store: RedisStore, name: str) -> str | None:
    found = await store.get(name)
    return found.value_json if found else None


async def read_and_kept(store: RedisStore, name: str) -> bool:
    return await store.get(name) is not None and name in store._front


async def test_put_get_delete(redis_url: str) -> None:
    async with running(redis_url) as (store, _):
        assert store.backend == "redis"
        await store.put("t:a", value("1"))
        assert await text_of(store, "t:a") == "1"
        assert (await store.stats()).entries == 1
        assert await store.delete("t:a")
        assert not await store.delete("t:a")
        assert await text_of(store, "t:a") is None


async def test_reads_are_counted(redis_url: str) -> None:
    async with running(redis_url) as (store, _):
        await store.put("t:a", value("1"))
        counts = [(await store.get("t:a")) for _ in range(3)]
        assert [found.hits for found in counts if found] == [1, 2, 3]


async def test_another_process_sees_and_is_told(redis_url: str) -> None:
    async with AsyncExitStack() as stack:
        ours, _ = await stack.enter_async_context(running(redis_url))
        theirs, _ = await stack.enter_async_context(running(redis_url))
        await ours.put("t:a", value("1"))
        assert await text_of(theirs, "t:a") == "1"
        await eventually(lambda: "t:a" in theirs._front, expected=True)
        await ours.put("t:a", value("2"))
        await eventually(lambda: text_of(theirs, "t:a"), "2")
        await ours.delete("t:a")
        await eventually(lambda: text_of(theirs, "t:a"), None)


async def test_flush_empties_the_front(redis_url: str, redis_server: Valkey) -> None:
    async with running(redis_url) as (store, _):
        await store.put("t:a", value("1"))
        await eventually(lambda: text_of(store, "t:a"), "1")
        with Redis.from_url(redis_server.url) as client:
            client.flushall()
        await eventually(lambda: text_of(store, "t:a"), None)
        assert store.backend == "redis"


async def test_expiry(redis_url: str) -> None:
    async with running(redis_url) as (store, _):
        await store.put("t:a", value("1", ttl=0.05))
        await eventually(lambda: text_of(store, "t:a"), None)


async def test_killed_redis_costs_little_and_values_live_on_in_process(
    redis_url: str, redis_server: Valkey
) -> None:
    async with running(redis_url) as (store, changes):
        await store.put("t:a", value("old"))
        redis_server.kill()
        await store.put("t:a", value("new"))
        assert store.backend == "memory"
        assert await text_of(store, "t:a") == "new"
        assert (await store.stats()).entries == 1
        redis_server.start()
        await asyncio.wait_for(changes.up.wait(), 10)
        assert await text_of(store, "t:a") == "new"


async def test_frozen_redis_costs_one_timeout_and_then_nothing(redis_url: str, redis_server: Valkey) -> None:
    async with running(redis_url) as (store, changes):
        await store.put("t:a", value("old"))
        await store.put("t:gone", value("old"))
        redis_server.pause()
        try:
            started = time.monotonic()
            await asyncio.gather(*(store.put("t:a", value("new")) for _ in range(20)))
            first = time.monotonic() - started
            assert await store.delete("t:gone")
            started = time.monotonic()
            for _ in range(200):
                assert await text_of(store, "t:a") == "new"
            assert time.monotonic() - started < TIMEOUT * 10
            assert first < TIMEOUT * 20
            assert changes.down.is_set()
        finally:
            redis_server.resume()
        await asyncio.wait_for(changes.up.wait(), 10)
        assert await text_of(store, "t:a") == "new"
        assert await text_of(store, "t:gone") is None


async def put_while_away(store: RedisStore, server: Valkey, texts: Sequence[tuple[str, str]]) -> None:
    server.pause()
    try:
        for name, text in texts:
            await store.put(name, value(text))
    finally:
        server.resume()


async def test_after_more_writes_than_can_be_remembered_nothing_old_is_served(
    redis_url: str, redis_server: Valkey
) -> None:
    async with running(redis_url, most_names=3) as (store, changes):
        await store.put("t:old", value("old"))
        await put_while_away(store, redis_server, [(f"t:{number}", str(number)) for number in range(6)])
        await asyncio.wait_for(changes.up.wait(), 10)
        assert await text_of(store, "t:old") is None
        assert [await text_of(store, f"t:{number}") for number in range(6)] == list("012345")
        assert (await store.stats()).entries == 6


async def test_writing_the_same_names_again_does_not_empty_redis(
    redis_url: str, redis_server: Valkey
) -> None:
    async with running(redis_url, most_names=3) as (store, changes):
        await store.put("t:old", value("old"))
        await put_while_away(store, redis_server, [(f"t:{number % 3}", str(number)) for number in range(9)])
        await asyncio.wait_for(changes.up.wait(), 10)
        assert await text_of(store, "t:old") == "old"
        assert [await text_of(store, f"t:{number}") for number in range(3)] == ["6", "7", "8"]


async def test_a_count_left_behind_is_no_value(redis_url: str, redis_server: Valkey) -> None:
    async with running(redis_url) as (store, _):
        await store.put("t:a", value("a"))
        await text_of(store, "t:a")
        with Redis.from_url(redis_server.url) as client:
            client.delete(f"{PREFIX}t:a")
        assert not await store.delete("t:a")


async def test_what_we_did_not_write_is_no_answer(redis_url: str, redis_server: Valkey) -> None:
    async with running(redis_url) as (store, _):
        with Redis.from_url(redis_server.url) as client:
            client.set(f"{PREFIX}t:a", b"not ours")
            client.rpush(f"{PREFIX}t:list", b"not ours")
        assert await text_of(store, "t:a") is None
        assert await text_of(store, "t:list") is None
        assert store.backend == "redis"


async def test_a_key_of_another_type_does_not_keep_redis_away(redis_url: str, redis_server: Valkey) -> None:
    async with running(redis_url) as (store, changes):
        redis_server.pause()
        try:
            await store.put("t:list", value("1"))
        finally:
            redis_server.resume()
        with Redis.from_url(redis_server.url) as client:
            client.rpush(f"{PREFIX}t:list", b"not ours")
        await asyncio.wait_for(changes.up.wait(), 10)
        assert await text_of(store, "t:list") == "1"


@pytest.mark.parametrize(
    "disturb",
    [
        pytest.param(lambda client: client.publish(CHANNEL, "hello"), id="somebody publishes on the channel"),
        pytest.param(lambda client: client.set(PREFIX.encode() + b"\xff", "1"), id="a key that is no text"),
        pytest.param(lambda client: client.execute_command("CLIENT", "KILL", "TYPE", "pubsub"), id="cut off"),
    ],
)
async def test_news_are_followed_through_what_others_do(
    disturb: Callable[[Redis], object], redis_url: str, redis_server: Valkey
) -> None:
    async with AsyncExitStack() as stack:
        ours, _ = await stack.enter_async_context(running(redis_url))
        theirs, _ = await stack.enter_async_context(running(redis_url))
        await ours.put("t:a", value("1"))
        with Redis.from_url(redis_server.url) as client:
            disturb(client)
        for number in "23":
            await eventually(lambda: read_and_kept(theirs, "t:a"), expected=True)
            await ours.put("t:a", value(number))
            await eventually(lambda: text_of(theirs, "t:a"), number)


@pytest.mark.parametrize("url", ["unix:///nonexistent/redis.sock", "redis://127.0.0.1:1/0"])
async def test_absent_redis_is_served_from_process(url: str) -> None:
    link = RedisLink(url=url, timeout=TIMEOUT, prefix=PREFIX)
    changes = Changes()
    store = made(link, changes)
    task = asyncio.create_task(store.follow())
    await asyncio.wait_for(changes.down.wait(), 10)
    await store.put("t:a", value("1"))
    assert await text_of(store, "t:a") == "1"
    assert store.backend == "memory"
    task.cancel()
    await link.close()
