"""Closes a psycopg pool for good, with every worker of it.

A pool's worker takes a cancellation that reaches it while it connects for a failure to connect, and works on.
The end of an event loop cancels each task once and then waits for all: such a worker is waited for for ever.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg_pool import AsyncConnectionPool

_AGAIN = 0.05
"""Seconds until a worker that works on is cancelled again."""


@asynccontextmanager
async def opened(pool: AsyncConnectionPool[Any]) -> AsyncGenerator[None]:
    """Open a pool for the length of the block; when it ends, however it ends, nothing of the pool is left."""
    await pool.open()
    workers = _workers(pool)
    try:
        yield
    finally:
        try:
            await pool.close()
        finally:
            await _end(workers)


def _workers(pool: AsyncConnectionPool[Any]) -> Sequence[asyncio.Task[None]]:
    runner = pool._sched_runner  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  # nothing public tells
    workers = pool._workers  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001  # same
    return [*workers, runner] if runner else [*workers]


async def _end(workers: Sequence[asyncio.Task[None]]) -> None:
    while left := [worker for worker in workers if not worker.done()]:
        for worker in left:
            worker.cancel()
        await asyncio.wait(left, timeout=_AGAIN)
