"""The small interpreters of this process: one a place, each of one tenant at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from arms.executor.interpreter.expression import Bounds, Evaluation, Expression, NotEvaluatedError
from arms.executor.interpreter.worker import OddError, Worker
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.settled import settled
from servicekit.errors import RateLimitError

QUEUE_PER_PLACE = 128
"""How many expressions may wait for each place; they take about a millisecond."""


class Interpreter:
    """Evaluates expressions, never more than `places` at a time.

    Args:
        parts: what the sandboxes are made of.
        places: how many work at a time.
    """

    def __init__(self, *, parts: Parts, places: int) -> None:
        self._seats = [_Seat(parts) for _ in range(places)]
        self._idle = list(self._seats)
        self._free = asyncio.Semaphore(places)
        self._most_waiting = places * QUEUE_PER_PLACE
        self._waiting = 0

    async def evaluate(self, expression: Expression, *, tenant: str, bounds: Bounds) -> Evaluation:
        """Evaluate an expression; nothing of it is left for the next one.

        Args:
            expression: what to evaluate.
            tenant: whose it is: a process that served another tenant never sees it.
            bounds: what it may use.

        Raises:
            NotEvaluatedError: it was not evaluated, whatever the reason: ask Python.
            RateLimitError: too many wait already.
            SandboxUnavailableError: the sandbox does not work.
        """
        async with self._seat(tenant) as seat:
            work = asyncio.get_running_loop().run_in_executor(
                seat.thread, lambda: seat.evaluate(expression, tenant=tenant, bounds=bounds)
            )
            await settled(work)
            return work.result()

    def close(self) -> None:
        """End every process, and take nothing more."""
        for seat in self._seats:
            seat.close()

    @asynccontextmanager
    async def _seat(self, tenant: str) -> AsyncIterator["_Seat"]:
        if self._waiting >= self._most_waiting:
            raise RateLimitError(
                "Too many expressions wait for the sandbox.", reason="SANDBOX_BUSY", retry_after=1.0
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        # One that knows the tenant, else one that knows nobody, else the one that rested longest.
        seat = min(self._idle, key=lambda seat: (seat.tenant != tenant, seat.tenant is not None))
        self._idle.remove(seat)
        try:
            yield seat
        finally:
            self._idle.append(seat)
            self._free.release()


class _Seat:
    """A place for a worker, and the thread that the worker lives and dies with."""

    def __init__(self, parts: Parts) -> None:
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="interpreter")
        self.tenant: str | None = None
        self._parts = parts
        self._worker: Worker | None = None

    def evaluate(self, expression: Expression, *, tenant: str, bounds: Bounds) -> Evaluation:
        """Evaluate, by a new worker when there is none, it is worn, or it served another tenant."""
        if self._worker is not None and (self._worker.is_worn or self.tenant != tenant):
            self._stop()
        worker = self._worker = self._worker or Worker(parts=self._parts)
        self.tenant = tenant
        try:
            evaluation = worker.evaluate(expression, bounds=bounds)
            worker.check()
        except OddError as error:
            self._stop()
            raise NotEvaluatedError(str(error)) from error
        return evaluation

    def close(self) -> None:
        """End the worker in its own thread, and the thread."""
        with contextlib.suppress(RuntimeError):  # closed before
            self.thread.submit(self._stop)
        self.thread.shutdown()

    def _stop(self) -> None:
        worker, self._worker, self.tenant = self._worker, None, None
        if worker is not None:
            worker.stop()
