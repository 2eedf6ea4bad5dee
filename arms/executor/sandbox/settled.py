"""Waits for work in a thread that must not be left alone."""

import asyncio
from typing import Any


async def settled(work: "asyncio.Future[Any]") -> None:
    """Wait until the thread is done with its descriptors, and only then heed a cancellation."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled
