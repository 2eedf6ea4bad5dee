"""A loop that fails is started again, and all end with the block."""

import asyncio

from servicekit.loops import running


async def test_what_fails_is_started_again_and_all_end_with_the_block() -> None:
    starts: list[str] = []
    again, ended = asyncio.Event(), asyncio.Event()

    async def fails() -> None:
        starts.append("fails")
        if len(starts) > 1:
            again.set()
            await asyncio.Event().wait()
        raise ValueError("a defect")

    async def stays() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with asyncio.timeout(5), running({"fails": fails, "stays": stays}):
        await again.wait()
    assert starts == ["fails", "fails"]
    assert ended.is_set()
