"""What is kept of Redis in process: never an answer that a change has overtaken."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from reflex.cache.bounded import BoundedCache
from reflex.cache.front import Front
from reflex.cache.values import StoredValue


def now() -> datetime:
    return datetime.now(UTC)


def value(text: str) -> StoredValue:
    return StoredValue(value_json=text, created_at=now(), expires_at=now() + timedelta(seconds=60))


class SlowRedis:
    """Answers each read when the test says so."""

    def __init__(self) -> None:
        self.reads: list[asyncio.Future[StoredValue | None]] = []

    async def read(self, _name: str) -> StoredValue | None:
        self.reads.append(asyncio.get_running_loop().create_future())
        return await self.reads[-1]


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_an_answer_from_before_a_change_is_not_kept(order: Sequence[int], everything: bool) -> None:
    redis = SlowRedis()
    cache = BoundedCache[StoredValue](entries=10, memory=10_000, clock=time.monotonic)
    front = Front(cache=cache, read=redis.read, now=now)
    before = asyncio.create_task(front.get("k"))
    await settled()
    if everything:
        front.forget_all()
    else:
        front.forget("k")
    after = asyncio.create_task(front.get("k"))
    await settled()
    for number in order:
        redis.reads[number].set_result(value(("old", "new")[number]))
        await settled()
        kept = cache.get("k")
        assert kept is None or kept.value.value_json == "new"
    assert [found.value_json for found in await asyncio.gather(before, after) if found] == ["old", "new"]
    kept = cache.get("k")
    assert kept is not None
    assert kept.value.value_json == "new"
