"""Loops that run as long as the service does: others depend on them, so one that fails is started again."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

Loop = Callable[[], Awaitable[None]]
"""Runs until it is cancelled."""

_LOG = logging.getLogger(__name__)

_AGAIN_SECONDS = 0.5
"""Before a loop that stopped is started again."""


@asynccontextmanager
async def running(loops: Mapping[str, Loop]) -> AsyncGenerator[None]:
    """Run loops for the length of the block."""
    tasks = [asyncio.create_task(_forever(name, loop), name=name) for name, loop in loops.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _forever(name: str, loop: Loop) -> None:
    while True:
        try:
            await loop()
        except Exception:  # noqa: BLE001  # a loop must not end
            _LOG.exception("a loop failed; it is started again", extra={"loop": name})
        await asyncio.sleep(_AGAIN_SECONDS)
