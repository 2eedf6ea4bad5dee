"""Finding passages in a real PostgreSQL: ranks, filters, tenants, the vector index, odd queries."""

import json
import math
import random
from collections.abc import Sequence
from itertools import pairwise

import pytest

from arms.embedding import WORDLLAMA
from arms.retriever.compose import Opened
from arms.retriever.documents import Chunk, MediaType, NewDocument, Passage, SearchMode
from arms.retriever.retriever import Retriever, sha256_of
from arms.retriever.search import PassageSearch, Query, SearchBounds, search_values
from arms.retriever.search_sql import search_statement
from arms.retriever.store import DocumentStore, EmbeddedChunk
from arms.vectors import Vector
from servicekit.database import connection
from servicekit.errors import ValidationFailedError

TEXTS = {
    "Otters": "Otters hold hands while they sleep, so that the current does not part them.",
    "Owls": "Owls turn their heads by 270 degrees, because their eyes cannot move.",
    "Octopuses": "An octopus has three hearts and blue blood. It sleeps in a den of stones.",
    "Ostriches": "An ostrich runs seventy kilometres an hour and lays the largest eggs of all birds.",
}

ALL_MODES = pytest.mark.parametrize("mode", SearchMode)


@pytest.fixture
async def animals(retriever: Retriever) -> Retriever:
    for title, text in TEXTS.items():
        await retriever.put_document(
            NewDocument(
                title=title,
                media_type=MediaType.PLAIN,
                content=text.encode(),
                metadata={"legs": "2" if title in {"Owls", "Ostriches"} else "many", "title": title},
            ),
            tenant="t",
        )
    return retriever


def titles(passages: Sequence[Passage]) -> list[str]:
    return [passage.title for passage in passages]


@ALL_MODES
async def test_the_best_passage_comes_first_with_its_citation(animals: Retriever, mode: SearchMode) -> None:
    passages = await animals.search(
        Query(text="How many hearts has an octopus?", limit=4, mode=mode), tenant="t"
    )
    best = passages[0]
    assert (best.title, best.text) == ("Octopuses", TEXTS["Octopuses"])
    assert best.quote == "An octopus has three hearts and blue blood."
    assert (best.start, best.end, best.ordinal) == (0, len(best.text), 0)
    assert best.chunk_id == f"{best.document_id}:0"
    assert all(0 <= passage.score <= 1 for passage in passages)
    assert all(before.score >= after.score for before, after in pairwise(passages))


async def test_modes_tell_how_a_passage_was_found(animals: Retriever) -> None:
    async def search(mode: SearchMode) -> Passage:
        (best,) = await animals.search(Query(text="hearts", limit=1, mode=mode), tenant="t")
        assert best.title == "Octopuses"
        return best

    by_words, by_meaning = await search(SearchMode.KEYWORD), await search(SearchMode.VECTOR)
    assert (by_words.similarity, by_words.word_share) == (None, 1.0)
    assert by_meaning.similarity == pytest.approx(by_meaning.score)
    assert by_meaning.word_share == 0.0
    both = await search(SearchMode.HYBRID)
    assert (both.similarity, both.word_share) == (pytest.approx(by_meaning.similarity), 1.0)
    assert both.score == pytest.approx(1.0)


async def test_keywords_match_in_every_form_and_in_titles(animals: Retriever) -> None:
    for text, title in (
        ("sleeping and holding", "Otters"),
        ("turned head", "Owls"),
        ("OSTRICHES", "Ostriches"),
    ):
        found = await animals.search(Query(text=text, limit=1, mode=SearchMode.KEYWORD), tenant="t")
        assert titles(found) == [title]


async def test_keywords_find_nothing_where_no_word_stands(animals: Retriever) -> None:
    for text in ("quantum", "the of and", "?!", "'); DROP TABLE retriever.chunks; --"):
        assert await animals.search(Query(text=text, limit=5, mode=SearchMode.KEYWORD), tenant="t") == []


@ALL_MODES
async def test_filters_hold_in_every_mode(animals: Retriever, mode: SearchMode) -> None:
    query = Query(text="an octopus sleeps and birds run", limit=9, mode=mode, filters={"legs": "2"})
    assert set(titles(await animals.search(query, tenant="t"))) <= {"Owls", "Ostriches"}
    exact = Query(text="birds", limit=9, mode=mode, filters={"legs": "2", "title": "Ostriches"})
    assert titles(await animals.search(exact, tenant="t")) == ["Ostriches"]
    none = Query(text="birds", limit=9, mode=mode, filters={"legs": "2", "title": "Otters"})
    assert await animals.search(none, tenant="t") == []


@ALL_MODES
async def test_an_empty_index_has_no_passages(retriever: Retriever, mode: SearchMode) -> None:
    assert await retriever.search(Query(text="anything", limit=5, mode=mode), tenant="t") == []


async def test_limits_hold(animals: Retriever) -> None:
    for limit in (1, 2, 100):
        found = await animals.search(Query(text="sleep", limit=limit, mode=SearchMode.VECTOR), tenant="t")
        assert len(found) == min(limit, len(TEXTS))


@ALL_MODES
@pytest.mark.parametrize(
    "text",
    ["'", '"', "a & b | !c:*", "\\", "%s %(x)s %", "{}", "x" * 2000, "w " * 1000, "字 😀 é", "<->", "a'b\\c"],
)
async def test_odd_queries_are_only_words(animals: Retriever, mode: SearchMode, text: str) -> None:
    await animals.search(Query(text=text, limit=5, mode=mode), tenant="t")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (Query(text=" \n", limit=5), "query"),
        (Query(text="a\x00b", limit=5), "query"),
        (Query(text="\ud83d", limit=5), "query"),
        (Query(text="x" * 2001, limit=5), "query"),
        (Query(text="x", limit=5, filters={"k": "\x00"}), "filters"),
        (Query(text="x", limit=5, filters={str(n): "" for n in range(21)}), "filters"),
    ],
)
async def test_what_breaks_a_rule_is_refused(retriever: Retriever, query: Query, field: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        await retriever.search(query, tenant="t")
    assert refused.value.field == field


AXIS = [1.0] + [0.0] * 255
"""Where every query of these tests looks."""


def around_axis(count: int, *, spread: float) -> list[list[float]]:
    """So many vectors of length 1 around it."""
    source = random.Random(count)  # noqa: S311  # the same vectors in every run
    moved = [[number + source.gauss(0, spread) for number in AXIS] for _ in range(count)]
    lengths = [math.hypot(*vector) for vector in moved]
    return [[number / length for number in vector] for vector, length in zip(moved, lengths, strict=True)]


async def fill(
    opened: Opened, *, tenant: str, vectors: Sequence[Vector], texts: Sequence[str] | None = None
) -> None:
    """One chunk a vector in one document, straight into the store."""
    bodies = texts or [f"word{n % 50}" for n in range(len(vectors))]
    chunks = [
        EmbeddedChunk(chunk=Chunk(text=body, start=n, end=n + 1, section=""), vector=vector)
        for n, (body, vector) in enumerate(zip(bodies, vectors, strict=True))
    ]
    document = NewDocument(title=tenant, media_type=MediaType.PLAIN, content=tenant.encode())
    store = DocumentStore(pool=opened.pool, identity=WORDLLAMA)
    await store.put(document, chunks, digest=sha256_of(document.content), tenant=tenant)


async def plan_of(opened: Opened, query: Query, *, tenant: str) -> str:
    """How the server searches."""
    values = search_values(query, vector=AXIS, tenant=tenant, bounds=SearchBounds(exact_up_to=1000))
    async with connection(opened.pool, within=30) as taken:
        explain = b"EXPLAIN (ANALYZE, FORMAT JSON) " + search_statement(filtered=False).encode()
        return json.dumps(await (await taken.execute(explain, values)).fetchone())


async def test_a_large_tenant_is_searched_by_index_and_a_small_one_exactly(opened: Opened) -> None:
    vectors = around_axis(4000, spread=0.05)
    await fill(opened, tenant="large", vectors=vectors)
    await fill(opened, tenant="small", vectors=around_axis(80, spread=0.5))  # behind all of the others
    async with connection(opened.pool, within=60) as taken:
        await taken.execute("ANALYZE retriever.chunks")
    search = PassageSearch(pool=opened.pool, bounds=SearchBounds(exact_up_to=1000))
    query = Query(text="x", limit=50, mode=SearchMode.VECTOR)
    small = await search.find(query, vector=AXIS, tenant="small")
    assert [passage.title for passage in small] == ["small"] * 50
    large = await search.find(query, vector=AXIS, tenant="large")
    nearest = sorted(range(len(vectors)), key=lambda n: -vectors[n][0])[:50]
    assert len({passage.ordinal for passage in large} & set(nearest)) >= 45
    assert "chunks_by_embedding" in await plan_of(opened, query, tenant="large")
    assert "chunks_by_embedding" not in await plan_of(opened, query, tenant="small")


async def test_common_words_of_a_large_tenant_only_rank(opened: Opened) -> None:
    texts = [f"common everyday subject{n}" + (" shared" if n % 2 else "") for n in range(400)]
    await fill(opened, tenant="large", vectors=[AXIS] * len(texts), texts=texts)
    async with connection(opened.pool, within=60) as taken:
        await taken.execute("ANALYZE retriever.chunks")
    search = PassageSearch(pool=opened.pool, bounds=SearchBounds(candidates=50))

    async def found(text: str) -> list[Passage]:
        return await search.find(
            Query(text=text, limit=100, mode=SearchMode.KEYWORD), vector=None, tenant="large"
        )

    (rare,) = await found("common everyday subject17 shared")
    assert (rare.ordinal, rare.word_share) == (17, pytest.approx(1.0))
    (part,) = await found("shared subject18")
    assert part.ordinal == 18
    assert 0.8 < part.word_share < 0.95  # the rare word was found and the common one was not
    assert {passage.ordinal % 2 for passage in await found("common shared")} == {1}
    assert len(await found("everyday common")) == 100
