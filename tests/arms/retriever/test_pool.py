"""The reading processes: a document may loop, fill the memory or kill its process; the next one is read."""

import asyncio
import subprocess
import sys
import time
from typing import BinaryIO, cast

import psutil
import pytest

from arms.retriever.documents import MediaType
from arms.retriever.reading.chunking import ChunkingRules
from arms.retriever.reading.frames import HELLO, read_frame, write_frame
from arms.retriever.reading.pool import ReaderPool, reader_pool
from arms.retriever.reading.reader import read_chunks
from servicekit.errors import UnavailableError, ValidationFailedError
from tests.arms.retriever.samples import bomb_pdf, make_pdf, slow_pdf


def workers() -> list[psutil.Process]:
    """The reading processes of this one."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "arms.retriever.reading.worker" in child.cmdline()
    ]


def at_work(worker: psutil.Process) -> None:
    """Wait until it computes."""
    begin = sum(worker.cpu_times()[:2])
    while sum(worker.cpu_times()[:2]) - begin < 0.1:
        time.sleep(0.01)


async def assert_reads(pool: ReaderPool) -> None:
    (chunk,) = await pool.read(b"still here", media_type=MediaType.PLAIN)
    assert chunk.text == "still here"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ("Grün. 😀\n\nZwei.".encode(), MediaType.PLAIN),
        (b"# Title\n\ntext", MediaType.MARKDOWN),
        (b"<h1>Title</h1>text", MediaType.HTML),
        (make_pdf(["one"], ["two"]), MediaType.PDF),
    ],
)
async def test_a_process_reads_what_the_function_reads(
    reader: ReaderPool, content: bytes, media_type: MediaType
) -> None:
    read = await reader.read(content, media_type=media_type)
    assert read == read_chunks(content, media_type=media_type, rules=ChunkingRules())


async def test_processes_are_kept_for_the_next_document(reader: ReaderPool) -> None:
    await asyncio.gather(*(assert_reads(reader) for _ in range(10)))
    before = {worker.pid for worker in workers()}
    await asyncio.gather(*(assert_reads(reader) for _ in range(10)))
    assert len(before) == 2
    assert {worker.pid for worker in workers()} == before


async def test_closing_leaves_no_process() -> None:
    async with reader_pool(workers=1, seconds=60, rules=ChunkingRules()) as pool:
        await assert_reads(pool)
        assert len(workers()) == 1
    assert workers() == []


async def test_a_document_that_takes_too_long_is_refused() -> None:
    async with reader_pool(workers=1, seconds=1.5, rules=ChunkingRules()) as pool:
        with pytest.raises(ValidationFailedError) as refused:
            await pool.read(slow_pdf(), media_type=MediaType.PDF)
        assert refused.value.reason == "DOCUMENT_TOO_COMPLEX"
        await assert_reads(pool)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        pytest.param(bomb_pdf(1000), MediaType.PDF, id="pdf"),
        pytest.param(b"<b>" * 11_000_000, MediaType.HTML, id="html"),
    ],
)
async def test_a_bomb_is_refused(content: bytes, media_type: MediaType) -> None:
    async with reader_pool(workers=1, seconds=20, rules=ChunkingRules()) as pool:
        with pytest.raises(ValidationFailedError) as refused:
            await pool.read(content, media_type=media_type)
        assert refused.value.reason in {"DOCUMENT_TOO_COMPLEX", "DOCUMENT_DAMAGED"}
        await assert_reads(pool)


async def test_a_process_that_dies_is_replaced() -> None:
    async with reader_pool(workers=1, seconds=60, rules=ChunkingRules()) as pool:
        await assert_reads(pool)
        reading = asyncio.create_task(pool.read(slow_pdf(), media_type=MediaType.PDF))
        (worker,) = workers()
        await asyncio.to_thread(at_work, worker)
        worker.kill()
        with pytest.raises(ValidationFailedError) as refused:
            await reading
        assert refused.value.reason == "DOCUMENT_DAMAGED"
        await assert_reads(pool)


async def test_a_caller_that_leaves_takes_the_process_along() -> None:
    async with reader_pool(workers=1, seconds=60, rules=ChunkingRules()) as pool:
        await assert_reads(pool)
        (worker,) = workers()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.read(slow_pdf(), media_type=MediaType.PDF), 0.5)
        assert not psutil.pid_exists(worker.pid)
        await assert_reads(pool)


async def test_a_process_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with reader_pool(workers=1, seconds=60, rules=ChunkingRules()) as pool:
        for program in ("/nowhere/python", "/bin/true"):
            monkeypatch.setattr(sys, "executable", program)
            with pytest.raises(UnavailableError) as refused:
                await pool.read(b"x", media_type=MediaType.PLAIN)
            assert refused.value.reason == "READER_UNAVAILABLE"


def start_alone(seconds: float) -> "subprocess.Popen[bytes]":
    worker = subprocess.Popen(
        [sys.executable, "-m", "arms.retriever.reading.worker", str(seconds), "900", "150"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert read_frame(cast("BinaryIO", worker.stdout)) == HELLO
    return worker


def test_a_process_ends_with_its_service() -> None:
    worker = start_alone(5)
    worker.communicate(timeout=20)  # closes its input
    assert worker.returncode == 0


def test_a_process_whose_service_is_gone_ends_by_itself() -> None:
    worker = start_alone(0.5)
    begin = time.monotonic()
    documents = cast("BinaryIO", worker.stdin)
    write_frame(documents, b"application/pdf")
    write_frame(documents, slow_pdf())
    assert worker.wait(timeout=60) < 0  # by a signal
    assert time.monotonic() - begin < 60
    worker.communicate()
