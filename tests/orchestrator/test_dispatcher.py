"""The receiver of wake-ups ends when it is told to, whatever the database does."""

import asyncio
from pathlib import Path

from orchestrator.dispatcher import Dispatcher
from tests.support.silent import silent_postgres


async def nothing(_: str) -> None:
    pass


async def test_nothing_is_left_of_one_that_could_not_connect(tmp_path: Path) -> None:
    """What is left would be cancelled once at the loop's end, take that for an error and work on for ever."""
    async with silent_postgres(tmp_path) as (url, connected):
        before = asyncio.all_tasks()
        dispatcher = Dispatcher(url=url, wake=nothing)
        running = asyncio.create_task(dispatcher.run())
        await connected.wait()
        await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks() - before) > 3
        running.cancel()
        await asyncio.wait({running}, timeout=10)
        assert running.done()
        left = {task for task in asyncio.all_tasks() - before if "swallow" not in repr(task)}
        assert not left
