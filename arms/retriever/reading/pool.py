"""Reads documents in a few worker processes, each document within a bounded time.

Whatever a document does to its worker, crash, loop or fill the memory, is a ValidationFailedError here, and
the next document gets a fresh worker.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, cast

from arms.retriever.documents import Chunk, MediaType
from arms.retriever.reading.chunking import ChunkingRules
from arms.retriever.reading.frames import HELLO, LENGTH, MAX_ANSWER, decode_answer
from arms.retriever.reading.refusals import crashed, too_complex
from servicekit.errors import UnavailableError

START_SECONDS = 30.0
"""How long a worker may take to import its libraries, on a busy machine too."""


class Reader(Protocol):
    """Something that turns documents into chunks."""

    async def read(self, content: bytes, *, media_type: MediaType) -> list[Chunk]:
        """Read one document; raises ValidationFailedError when it cannot be read."""
        ...


@asynccontextmanager
async def reader_pool(*, workers: int, seconds: float, rules: ChunkingRules) -> AsyncIterator["ReaderPool"]:
    """Read documents for the length of the block; the processes start when they are needed.

    Args:
        workers: documents read at the same time; more wait.
        seconds: how long one document may take.
        rules: how large chunks are.

    Yields:
        The pool.
    """
    pool = ReaderPool(workers=workers, seconds=seconds, rules=rules)
    try:
        yield pool
    finally:
        await pool.close()


class ReaderPool:
    """Worker processes, kept for the next document while they behave.

    Args:
        workers: documents read at the same time.
        seconds: how long one document may take.
        rules: how large chunks are.
    """

    def __init__(self, *, workers: int, seconds: float, rules: ChunkingRules) -> None:
        self._places = asyncio.Semaphore(workers)
        self._seconds = seconds
        self._rules = rules
        self._idle: list[asyncio.subprocess.Process] = []

    async def read(self, content: bytes, *, media_type: MediaType) -> list[Chunk]:
        """Read one document.

        Args:
            content: the document.
            media_type: what it is.

        Returns:
            Its chunks, at least one.

        Raises:
            ValidationFailedError: it cannot be read, or not within the bounds.
            UnavailableError: no worker can be started.
        """
        async with self._places:
            worker = self._idle.pop() if self._idle else await self._start()
            async with _ended_on_failure(worker):
                answer = await asyncio.wait_for(_ask(worker, content, media_type), self._seconds)
            self._idle.append(worker)
        return await asyncio.to_thread(decode_answer, answer)

    async def close(self) -> None:
        """End the workers."""
        while self._idle:
            await _end(self._idle.pop())

    async def _start(self) -> asyncio.subprocess.Process:
        rules = self._rules
        arguments = (str(self._seconds), str(rules.most), str(rules.overlap))
        try:
            worker = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "arms.retriever.reading.worker", *arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(sys.path), "LC_ALL": "C.UTF-8"},
                start_new_session=True,  # Ctrl-C in the terminal is for the service, which then ends them
            )
        except OSError as error:
            raise _cannot_start() from error
        async with _ended_on_failure(worker):
            if await _hello(worker) != HELLO:
                raise _cannot_start()
        return worker


@asynccontextmanager
async def _ended_on_failure(worker: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """A worker that failed, or whose caller left, is in no known state: end it."""
    try:
        yield
    except BaseException as error:
        await _end(worker)
        if isinstance(error, asyncio.IncompleteReadError | ConnectionError):
            raise crashed() from error
        if isinstance(error, TimeoutError):
            raise too_complex() from error
        raise


async def _hello(worker: asyncio.subprocess.Process) -> bytes:
    try:
        return await asyncio.wait_for(_receive(worker), START_SECONDS)
    except (asyncio.IncompleteReadError, TimeoutError) as error:
        raise _cannot_start() from error


async def _ask(worker: asyncio.subprocess.Process, content: bytes, media_type: MediaType) -> bytes:
    stdin = cast("asyncio.StreamWriter", worker.stdin)  # a pipe, as asked for
    for frame in (media_type.value.encode(), content):
        stdin.write(LENGTH.pack(len(frame)))
        stdin.write(frame)
    await stdin.drain()
    return await _receive(worker)


async def _receive(worker: asyncio.subprocess.Process) -> bytes:
    stdout = cast("asyncio.StreamReader", worker.stdout)  # a pipe, as asked for
    (length,) = LENGTH.unpack(await stdout.readexactly(LENGTH.size))
    if length > MAX_ANSWER:
        raise asyncio.IncompleteReadError(b"", length)
    return await stdout.readexactly(length)


async def _end(worker: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()


def _cannot_start() -> UnavailableError:
    return UnavailableError(
        "The processes that read documents cannot be started; try again.",
        reason="READER_UNAVAILABLE",
        retry_after=5.0,
    )
