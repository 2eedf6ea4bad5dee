"""Something asynchronous for tests that are not: it runs on an event loop of its own beside them."""

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def in_thread(block: AbstractAsyncContextManager[T], *, seconds: float = 120) -> Generator[T]:
    """Enter a block on a loop in a thread, and leave it there, in the same task, at the end."""
    entered: Future[T] = Future()
    loop = asyncio.new_event_loop()
    leave = asyncio.Event()

    async def hold() -> None:
        try:
            async with block as value:
                entered.set_result(value)
                await leave.wait()
        except BaseException as error:
            if entered.done():
                raise
            entered.set_exception(error)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    held = asyncio.run_coroutine_threadsafe(hold(), loop)
    try:
        yield entered.result(seconds)
    finally:
        loop.call_soon_threadsafe(leave.set)
        held.result(seconds)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(seconds)
        loop.close()
