"""A pool's end leaves no worker behind, even when the end itself is cut short."""

import asyncio
from pathlib import Path

from psycopg_pool import AsyncConnectionPool

from servicekit.pool_workers import opened
from tests.support.silent import silent_postgres


async def test_no_worker_outlives_an_end_that_was_cut_short(tmp_path: Path) -> None:
    async with silent_postgres(tmp_path) as (url, connected):
        pool = AsyncConnectionPool(url, open=False, min_size=3)

        async def use() -> None:
            async with opened(pool):
                await asyncio.Event().wait()

        user = asyncio.create_task(use())
        await connected.wait()
        workers = [*pool._workers, pool._sched_runner]
        async with pool._lock:  # the end waits for it
            user.cancel()
            await asyncio.sleep(0.05)
            user.cancel()
            await asyncio.wait({user}, timeout=5)
        assert user.cancelled()
        assert len(workers) == 4
        assert all(worker is not None and worker.done() for worker in workers)
