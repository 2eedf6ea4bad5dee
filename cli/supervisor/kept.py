"""Keeps one part of the platform running: starts it, starts it again when it ends, stops it at the end."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from servicekit.errors import UnavailableError

SHORTEST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
STEADY_AFTER = 30.0
"""Seconds: the pause before a restart doubles each time, and is short again after running for so long."""


class Part(Protocol):
    """What can be kept running."""

    async def start(self) -> None:
        """Start it and wait until it is ready; UnavailableError when it is not going to be."""

    async def wait(self) -> int:
        """Wait until it ends by itself; return its exit status."""
        ...

    async def stop(self) -> None:
        """End it; it may have ended already."""


class Kept:
    """One part, kept running from the beginning of the block to its end.

    Args:
        part: what to keep.
        name: what the reader knows it by.
        tell: takes a line for the reader, such as that it was started again.
        changed: called when its process is another one.
    """

    def __init__(
        self, part: Part, *, name: str, tell: Callable[[str], None], changed: Callable[[], None]
    ) -> None:
        self._part = part
        self._name = name
        self._tell = tell
        self._changed = changed
        self._ready = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep(), name=f"keeper of {self._name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        await self._part.stop()

    async def ready(self) -> None:
        """Wait until it is ready for the first time.

        Raises:
            OctoError: it is not going to be, and why.
        """
        waiting = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait((self._keeper, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._keeper.done():
            await self._keeper

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        await self._part.start()
        self._changed()
        self._ready.set()
        pause = SHORTEST_PAUSE
        while True:
            began = loop.time()
            status = await self._part.wait()
            pause = SHORTEST_PAUSE if loop.time() - began > STEADY_AFTER else pause
            self._tell(f"{self._name} ended ({describe(status)}); starting it again in {pause:g} s")
            pause = await self._start_again(pause)

    async def _start_again(self, pause: float) -> float:
        """Try until it runs; return the pause to make should it end again soon."""
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            try:
                await self._part.start()
            except UnavailableError as error:
                self._tell(f"{self._name} did not start: {error.message} Trying again in {pause:g} s")
            else:
                self._changed()
                self._tell(f"{self._name} runs again")
                return pause


def describe(status: int) -> str:
    """Tell an exit status in words."""
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"
