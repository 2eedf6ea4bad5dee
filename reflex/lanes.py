"""Runs scans off the event loop, short texts and long ones in lanes of their own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

LONG = 16_384
"""Characters from which a text takes the long lane: it must not stand before a short one."""


class Lanes:
    """Two groups of threads.

    Args:
        short: threads for short texts.
        long: threads for long texts.
    """

    def __init__(self, *, short: int, long: int) -> None:
        self._short = ThreadPoolExecutor(max_workers=short, thread_name_prefix="reflex-short")
        self._long = ThreadPoolExecutor(max_workers=long, thread_name_prefix="reflex-long")

    async def run(self, *, length: int, work: Callable[[], Result]) -> Result:
        """Run `work` in the lane for a text of so many characters."""
        lane = self._long if length >= LONG else self._short
        return await asyncio.get_running_loop().run_in_executor(lane, work)

    def close(self) -> None:
        """Let running scans end and take no more."""
        self._short.shutdown(wait=False, cancel_futures=True)
        self._long.shutdown(wait=False, cancel_futures=True)
