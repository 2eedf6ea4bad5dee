"""Lets as many requests at a model as it works on at once; the others wait in order, up to a bound."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from servicekit.errors import RateLimitError


class ModelQueue:
    """Places at a model.

    Args:
        places: requests at once.
        most_waiting: requests that may wait; beyond that they are refused at once.
    """

    def __init__(self, *, places: int, most_waiting: int) -> None:
        self._free = asyncio.Semaphore(places)
        self._most_waiting = most_waiting
        self.waiting = 0

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Wait for a place and hold it.

        Raises:
            RateLimitError: too many wait already.
        """
        if self._free.locked() and self.waiting >= self._most_waiting:
            raise RateLimitError(
                f"{self.waiting} requests wait for the model already",
                reason="MODEL_QUEUE_FULL",
                retry_after=5.0,
            )
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._free.release()
