"""Equal work asked for at the same time is done once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Shares running work by key."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Result]] = {}

    async def do(self, key: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """The result of `work`, or of the equal work that is already running.

        A caller that gives up does not stop the others; a failure is everybody's and is not remembered.
        """
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(_run(work))
            self._running[key] = task
            task.add_done_callback(lambda done: self._end(key, done))
        return await asyncio.shield(task)

    def forget(self, key: str) -> None:
        """Share no more what is running under a key: what it will tell is old news."""
        self._running.pop(key, None)

    def forget_all(self) -> None:
        """Share no more what is running."""
        self._running.clear()

    def _end(self, key: str, done: asyncio.Task[Result]) -> None:
        if self._running.get(key) is done:
            del self._running[key]


async def _run(work: Callable[[], Awaitable[Result]]) -> Result:
    return await work()
