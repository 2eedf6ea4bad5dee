"""The sandbox as the rest of the arm sees it: a few programs at a time, each told as a stream of events."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from arms.executor.interpreter.interpreter import Interpreter
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.outcome import Outcome
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.settled import settled
from arms.executor.sandbox.supervise import supervise
from arms.executor.sandbox.tools import Missing, Tool
from servicekit.errors import RateLimitError

QUEUE_PER_PLACE = 16
"""How many programs may wait for each one that runs; more are refused, because they would time out."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """Bytes that a program wrote.

    Attributes:
        stream: ``stdout`` or ``stderr``.
        data: the bytes.
    """

    stream: str
    data: bytes


class Sandbox:
    """Runs programs, never more than `places` at a time.

    Args:
        parts: what the sandbox is made of.
        places: how many programs run at a time.
    """

    def __init__(self, *, parts: Parts, places: int) -> None:
        self.parts = parts
        self.interpreter = Interpreter(parts=parts, places=places)
        self._places = places
        self._waiting = 0
        self._free = asyncio.Semaphore(places)
        self._threads = ThreadPoolExecutor(max_workers=places, thread_name_prefix="sandbox")

    async def run(self, program: Program, *, limits: Limits) -> AsyncGenerator[Output | Outcome]:
        """Yield the program's output as it comes, and its outcome at the end.

        Leaving the generator early ends the program.

        Raises:
            RateLimitError: too many programs wait already.
            SandboxUnavailableError: the sandbox does not work; the program did not run.
        """
        async with self._place(), _events(self._threads, program, parts=self.parts, limits=limits) as events:
            async for event in events:
                yield event

    async def outcome(self, program: Program, *, limits: Limits) -> tuple[Outcome, bytes, bytes]:
        """Run to the end and return how it ended, with all of stdout and of stderr.

        Raises:
            RateLimitError: too many programs wait already.
            SandboxUnavailableError: the sandbox does not work; the program did not run.
        """
        written = {"stdout": bytearray(), "stderr": bytearray()}
        ended: Outcome | None = None
        async for event in self.run(program, limits=limits):
            if isinstance(event, Output):
                written[event.stream] += event.data
            else:
                ended = event
        assert ended is not None, "a run ends with an outcome"  # noqa: S101 - tells the type checker
        return ended, bytes(written["stdout"]), bytes(written["stderr"])

    def use(self, *, node: Tool | Missing, monty: Tool | Missing) -> None:
        """Go on with what a self-test left of the programs beside Python."""
        self.interpreter.close()
        self.parts = replace(self.parts, node=node, monty=monty)
        self.interpreter = Interpreter(parts=self.parts, places=self._places)

    def close(self) -> None:
        """Wait for what runs, and take nothing more."""
        self.interpreter.close()
        self._threads.shutdown()

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._waiting >= self._places * QUEUE_PER_PLACE:
            raise RateLimitError(
                "Too many programs wait for the sandbox.", reason="SANDBOX_BUSY", retry_after=1.0
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


@asynccontextmanager
async def _events(
    threads: ThreadPoolExecutor, program: Program, *, parts: Parts, limits: Limits
) -> AsyncIterator[AsyncIterator[Output | Outcome]]:
    """Run `program` in a thread of its own; at the end of the block it is stopped and the thread is done."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Output | None] = asyncio.Queue()

    def put(event: Output | None) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, event)

    with ExitStack() as cleanup:
        cancelled, cancel = os.pipe()
        cleanup.callback(os.close, cancelled)
        stop = cleanup.enter_context(os.fdopen(cancel, "wb", buffering=0))
        work = loop.run_in_executor(
            threads,
            lambda: supervise(
                program,
                parts=parts,
                limits=limits,
                on_output=lambda stream, data: put(Output(stream=stream, data=data)),
                cancelled=cancelled,
            ),
        )
        work.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            yield _told(queue, work=work)
        finally:
            stop.close()
            await settled(work)


async def _told(
    queue: "asyncio.Queue[Output | None]", *, work: "asyncio.Future[Outcome]"
) -> AsyncIterator[Output | Outcome]:
    while (event := await queue.get()) is not None:
        yield event
    yield await work
