"""Measures the retriever: how well it finds, documents a second in, queries a second at a number of chunks.

    python -m bench.arms_retriever [--chunks 100000]

It starts a PostgreSQL of its own; nothing is kept.
"""

import argparse
import asyncio
import itertools
import math
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, TypeVar

from pydantic import SecretStr

from arms.embedding import WORDLLAMA, open_embedder
from arms.retriever.compose import Opened, open_retriever
from arms.retriever.documents import Chunk, MediaType, NewDocument, SearchMode
from arms.retriever.retriever import Retriever, sha256_of, text_to_embed
from arms.retriever.search import Query
from arms.retriever.settings import RetrieverSettings
from arms.retriever.store import DocumentStore, EmbeddedChunk
from bench.stdlib_questions import stdlib_set
from cli.embedded.postgres import embedded_postgres
from cli.embedded.unprivileged import temporary_data_dir
from servicekit.database import connection
from tests.arms.retriever.measure import Quality, measure
from tests.arms.retriever.quality_set import MEANING, PASSAGES, QUESTIONS, WORDS, Question
from tests.arms.retriever.samples import make_pdf

T = TypeVar("T")

AT_ONCE = 4
"""Callers at the same time."""

CHUNKS_A_DOCUMENT = 100

TOLD_EVERY = 10_000
"""Chunks between two lines that tell how far it is."""

INDEXED = 10_000
"""Chunks that are written with all indexes in place, to measure that."""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000)
    chunks: int = parser.parse_args().chunks
    documents, questions = stdlib_set(questions=300)
    async with running() as opened:
        await report_quality(opened.retriever, documents, questions)
        await report_intake(opened.retriever, documents)
        await fill(opened, list(documents.values()), chunks=chunks)
        await report_queries(opened, questions, chunks=chunks)


@asynccontextmanager
async def running() -> AsyncIterator[Opened]:
    with temporary_data_dir(prefix="octo-") as path:
        async with (
            embedded_postgres(data_dir=path, log_file=path / "postgres.log", environ=os.environ) as server,
            open_retriever(RetrieverSettings(database_url=SecretStr(server.url))) as opened,
        ):
            yield opened


async def report_quality(
    retriever: Retriever, documents: Mapping[str, str], questions: Sequence[Question]
) -> None:
    await put_all(retriever, PASSAGES, tenant="town")
    await put_all(retriever, documents, tenant="stdlib")
    sets = {
        "town, named": ("town", [question for question in QUESTIONS if question.kind == WORDS]),
        "town, other words": ("town", [question for question in QUESTIONS if question.kind == MEANING]),
        "stdlib docstrings": ("stdlib", questions),
    }
    print(f"{'set':18} {'n':>4} {'mode':8} {'hit@1':>6} {'hit@5':>6} {'rec@10':>6} {'MRR':>6} {'nDCG@10':>8}")
    for (name, (tenant, asked)), mode in itertools.product(sets.items(), SearchMode):
        quality = await measure(retriever, asked, mode=mode, tenant=tenant)
        print(
            f"{name:18} {len(asked):4} {mode.value:8} {quality.hit(1):6.2f} {quality.hit(5):6.2f} "
            f"{quality.hit(10):6.2f} {quality.mrr:6.2f} {ndcg(quality):8.2f}"
        )


def ndcg(quality: Quality) -> float:
    """With one right answer a question: the mean of 1 / log2(1 + rank)."""
    return sum(1 / math.log2(1 + rank) for rank in quality.ranks if rank) / len(quality.ranks)


async def put_all(retriever: Retriever, documents: Mapping[str, str], *, tenant: str) -> None:
    for title, text in documents.items():
        new = NewDocument(title=title, media_type=MediaType.PLAIN, content=text.encode())
        await retriever.put_document(new, tenant=tenant)


async def report_intake(retriever: Retriever, documents: Mapping[str, str]) -> None:
    print(f"\ndocuments in, {AT_ONCE} at once, about 4,000 characters each")
    for media_type, made in intake(list(documents.values())).items():
        begin = time.perf_counter()
        stored = await gather_bounded([retriever.put_document(new, tenant=media_type.value) for new in made])
        seconds = time.perf_counter() - begin
        chunks = sum(document.chunks for document in stored)
        print(
            f"{media_type.value:16} {len(made) / seconds:6.0f} documents/s {chunks / seconds:6.0f} chunks/s"
        )


def intake(texts: Sequence[str]) -> dict[MediaType, list[NewDocument]]:
    """200 documents of every kind, all different."""
    bodies = [join(texts, number) for number in range(200)]
    as_written = {
        MediaType.PLAIN: [body.encode() for body in bodies],
        MediaType.MARKDOWN: [f"# Part {n}\n\n{body}".encode() for n, body in enumerate(bodies)],
        MediaType.HTML: [f"<h1>Part</h1><p>{'<p>'.join(body.split('. '))}".encode() for body in bodies],
        MediaType.PDF: [make_pdf(*pages(body)) for body in bodies],
    }
    return {
        media_type: [
            NewDocument(title=f"{media_type.name} {n}", media_type=media_type, content=content)
            for n, content in enumerate(contents)
        ]
        for media_type, contents in as_written.items()
    }


def join(texts: Sequence[str], number: int) -> str:
    """Some 4,000 characters, others for every number."""
    taken = ""
    for text in itertools.islice(itertools.cycle(texts), 7 * number, None):
        taken += f"{text}\n\n"
        if len(taken) > 4000:
            return f"Number {number}. {taken}"
    return taken


def pages(body: str) -> Iterator[list[str]]:
    lines = [line.encode("latin-1", "replace").decode("latin-1") for line in body.splitlines()]
    for first in range(0, len(lines), 45):
        yield lines[first : first + 45]


async def fill(opened: Opened, texts: Sequence[str], *, chunks: int) -> None:
    """Chunks for one tenant, written straight into the store.

    The first ones meet all indexes; then the vectors' index is left out and built at the end, which saves
    minutes and makes no other index.
    """
    indexed = min(INDEXED, chunks)
    begin = time.perf_counter()
    await write(opened, texts, first=0, chunks=indexed)
    seconds = time.perf_counter() - begin
    print(
        f"\n{indexed} chunks of one tenant, embedded, stored, indexed with {indexed / seconds:.0f} chunks/s"
    )
    if chunks > indexed:
        await run_sql(opened, "DROP INDEX retriever.chunks_by_embedding")
        await write(opened, texts, first=indexed, chunks=chunks)
        begin = time.perf_counter()
        await run_sql(
            opened,
            "CREATE INDEX chunks_by_embedding ON retriever.chunks USING hnsw (embedding vector_cosine_ops)",
            before="SET maintenance_work_mem = '512MB'",
        )
        print(f"the vectors' index of {chunks} chunks, built at once: {time.perf_counter() - begin:.0f} s")
    await run_sql(opened, "VACUUM (ANALYZE) retriever.chunks")  # as autovacuum does in time


async def run_sql(opened: Opened, statement: LiteralString, *, before: LiteralString = "SELECT 1") -> None:
    async with connection(opened.pool, within=900) as taken:
        await taken.execute(before)
        await taken.execute(statement)


async def write(opened: Opened, texts: Sequence[str], *, first: int, chunks: int) -> None:
    """The chunks from number `first` up to `chunks`."""
    store, begin = DocumentStore(pool=opened.pool, identity=WORDLLAMA), time.perf_counter()
    async with open_embedder("wordllama") as embedder:
        for number in range(first, chunks, CHUNKS_A_DOCUMENT):
            bodies = [mixed(texts, number + n) for n in range(CHUNKS_A_DOCUMENT)]
            vectors = await embedder.embed([text_to_embed("", "", body) for body in bodies])
            made = [
                EmbeddedChunk(chunk=Chunk(text=body, start=0, end=len(body), section=""), vector=vector)
                for body, vector in zip(bodies, vectors, strict=True)
            ]
            title = f"Volume {number}"
            new = NewDocument(title=title, media_type=MediaType.PLAIN, content=title.encode())
            await store.put(new, made, digest=sha256_of(new.content), tenant="large")
            if (done := number + CHUNKS_A_DOCUMENT) % TOLD_EVERY == 0:
                rate = (done - first) / (time.perf_counter() - begin)
                print(f"  {done} chunks, {rate:.0f}/s", file=sys.stderr, flush=True)


def mixed(texts: Sequence[str], number: int) -> str:
    """A chunk of its own for every number: a stretch of one text beside a stretch of another."""
    one, other = texts[number % len(texts)], texts[(number * 7919 + number // len(texts)) % len(texts)]
    return f"{one[:400]}\n{other[-300:]}"


async def report_queries(opened: Opened, questions: Sequence[Question], *, chunks: int) -> None:
    print(f"{'mode':8} {'at once':>7} {'queries/s':>10} {'p50 ms':>8} {'p95 ms':>8}   at {chunks} chunks")
    for mode, at_once in itertools.product(SearchMode, (1, AT_ONCE)):
        times: list[float] = []

        async def ask(question: Question, mode: SearchMode = mode, times: list[float] = times) -> None:
            begin = time.perf_counter()
            await opened.retriever.search(Query(text=question.text, limit=10, mode=mode), tenant="large")
            times.append((time.perf_counter() - begin) * 1000)

        begin = time.perf_counter()
        await gather_bounded([ask(question) for question in questions], at_once=at_once)
        rate = len(questions) / (time.perf_counter() - begin)
        cuts = statistics.quantiles(times, n=20)
        print(f"{mode.value:8} {at_once:7} {rate:10.0f} {cuts[9]:8.1f} {cuts[18]:8.1f}")


async def gather_bounded(work: Sequence[Coroutine[Any, Any, T]], *, at_once: int = AT_ONCE) -> list[T]:
    """Do it all, so many at a time."""
    places = asyncio.Semaphore(at_once)

    async def bounded(each: Coroutine[Any, Any, T]) -> T:
        async with places:
            return await each

    return await asyncio.gather(*(bounded(each) for each in work))


if __name__ == "__main__":
    asyncio.run(main())
