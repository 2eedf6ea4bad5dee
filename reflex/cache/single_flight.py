"""Equal work asked for at the same time is done once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(slots=True, kw_only=True)
class _Flight(Generic[Result]):
    """Work under way and how many wait for it."""

    task: asyncio.Task[Result]
    waiting: int = 0


class SingleFlight(Generic[Result]):
    """Shares running work by key."""

    def __init__(self) -> None:
        self._running: dict[str, _Flight[Result]] = {}

    async def do(self, key: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """The result of `work`, or of the equal work that is already running.

        A caller that gives up does not stop the others; work that nobody waits for any more is cancelled. A
        failure is everybody's and is not remembered.
        """
        flight = self._running.get(key)
        if flight is None:
            flight = self._running[key] = _Flight(task=asyncio.ensure_future(_run(work)))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                flight.task.cancel()
            if (not flight.waiting or flight.task.done()) and self._running.get(key) is flight:
                del self._running[key]

    def forget(self, key: str) -> None:
        """Share no more what is running under a key: what it will tell is old news."""
        self._running.pop(key, None)

    def forget_all(self) -> None:
        """Share no more what is running."""
        self._running.clear()


async def _run(work: Callable[[], Awaitable[Result]]) -> Result:
    return await work()
