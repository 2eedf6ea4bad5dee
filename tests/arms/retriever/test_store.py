"""Documents in a real PostgreSQL: once per tenant, whole or not at all, and nobody else's."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from psycopg import sql

from arms.retriever.compose import Opened
from arms.retriever.documents import Document, MediaType, NewDocument
from arms.retriever.retriever import Retriever
from arms.retriever.search import Query
from servicekit.database import connection
from servicekit.errors import ConflictError, NotFoundError, ValidationFailedError
from tests.arms.retriever.samples import make_pdf

LONG = "\n\n".join(f"Paragraph {number} is about the number {number}. " * 10 for number in range(100))


def new(text: str, *, title: str = "A title", metadata: Mapping[str, str] | None = None) -> NewDocument:
    return NewDocument(
        title=title, media_type=MediaType.PLAIN, content=text.encode(), metadata=metadata or {}
    )


async def rows(opened: Opened, query: str) -> list[tuple[Any, ...]]:
    async with connection(opened.pool) as taken:
        return await (await taken.execute(query.encode())).fetchall()


async def counts(opened: Opened) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """What is counted by tenant, and what is there."""
    counted = "SELECT tenant, documents, chunks FROM retriever.tenants WHERE documents > 0 ORDER BY tenant"
    there = "SELECT tenant, count(DISTINCT document_id), count(*) FROM retriever.chunks GROUP BY 1 ORDER BY 1"
    return await rows(opened, counted), await rows(opened, there)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"plain words", MediaType.PLAIN),
        (b"# Heading\n\nwords", MediaType.MARKDOWN),
        (b"<h1>Heading</h1><p>words", MediaType.HTML),
        (make_pdf(["words on a page"]), MediaType.PDF),
    ],
)
async def test_what_is_put_is_described(retriever: Retriever, content: bytes, media_type: MediaType) -> None:
    given = NewDocument(title="T", media_type=media_type, content=content, metadata={"a": "1", "ü": "😀"})
    stored = await retriever.put_document(given, tenant="t")
    assert stored == replace(
        stored, title="T", media_type=media_type, metadata=given.metadata, chunks=1, size_bytes=len(content)
    )
    assert await retriever.get_document(stored.document_id, tenant="t") == stored
    (passage,) = await retriever.search(Query(text="words", limit=5), tenant="t")
    assert (passage.document_id, passage.title) == (stored.document_id, "T")


async def test_chunks_keep_their_offsets(retriever: Retriever, opened: Opened) -> None:
    stored = await retriever.put_document(new(LONG), tenant="t")
    kept = await rows(
        opened, "SELECT ordinal, body, start_offset, end_offset FROM retriever.chunks ORDER BY 1"
    )
    assert len(kept) == stored.chunks > 40
    assert [row[0] for row in kept] == list(range(stored.chunks))
    assert all(LONG[start:end] == body for _, body, start, end in kept)


async def test_the_same_content_is_stored_once(retriever: Retriever, opened: Opened) -> None:
    first = await retriever.put_document(new("same"), tenant="t")
    assert await retriever.put_document(new("same"), tenant="t") == first
    renamed = await retriever.put_document(new("same", title="Other", metadata={"k": "v"}), tenant="t")
    assert renamed == replace(first, title="Other", metadata={"k": "v"})
    found = await retriever.search(Query(text="other", limit=5, filters={"k": "v"}), tenant="t")
    assert [passage.title for passage in found] == ["Other"]
    assert await counts(opened) == ([("t", 1, 1)], [("t", 1, 1)])


async def test_the_same_content_at_the_same_time_is_stored_once(retriever: Retriever, opened: Opened) -> None:
    puts = [retriever.put_document(new(LONG, title=f"Title {n % 2}"), tenant="t") for n in range(6)]
    stored = await asyncio.gather(*puts)
    assert len({document.document_id for document in stored}) == 1
    assert await counts(opened) == ([("t", 1, stored[0].chunks)], [("t", 1, stored[0].chunks)])


async def test_the_same_bytes_of_another_kind_are_another_document(retriever: Retriever) -> None:
    plain = await retriever.put_document(new("# x"), tenant="t")
    marked = await retriever.put_document(replace(new("# x"), media_type=MediaType.MARKDOWN), tenant="t")
    assert plain.document_id != marked.document_id


async def test_nobody_sees_another_tenants_documents(retriever: Retriever, opened: Opened) -> None:
    mine = await retriever.put_document(new("secret plans"), tenant="a")
    theirs = await retriever.put_document(new("secret plans"), tenant="b")
    assert mine.document_id != theirs.document_id
    for ask in (retriever.get_document, retriever.delete_document):
        with pytest.raises(NotFoundError):
            await ask(mine.document_id, tenant="b")
    found = await retriever.search(Query(text="secret plans", limit=10), tenant="b")
    assert [passage.document_id for passage in found] == [theirs.document_id]
    page = await retriever.list_documents(tenant="b", page=1, page_size=10)
    assert (page.documents, page.total_items) == ((theirs,), 1)
    assert (await retriever.list_documents(tenant="c", page=1, page_size=10)).total_items == 0
    assert await counts(opened) == ([("a", 1, 1), ("b", 1, 1)], [("a", 1, 1), ("b", 1, 1)])


async def test_what_is_deleted_is_gone(retriever: Retriever, opened: Opened) -> None:
    stored = await retriever.put_document(new(LONG), tenant="t")
    await retriever.delete_document(stored.document_id, tenant="t")
    for ask in (retriever.get_document, retriever.delete_document):
        with pytest.raises(NotFoundError) as refused:
            await ask(stored.document_id, tenant="t")
        assert refused.value.reason == "DOCUMENT_NOT_FOUND"
    assert await retriever.search(Query(text="paragraph", limit=5), tenant="t") == []
    assert await counts(opened) == ([], [])
    again = await retriever.put_document(new(LONG), tenant="t")
    assert again.document_id != stored.document_id


async def test_lists_are_paged_newest_first(retriever: Retriever) -> None:
    stored: list[Document] = [await retriever.put_document(new(f"text {n}"), tenant="t") for n in range(5)]
    seen: list[Document] = []
    for number, length in ((1, 2), (2, 2), (3, 1), (4, 0)):
        page = await retriever.list_documents(tenant="t", page=number, page_size=2)
        assert (len(page.documents), page.total_items) == (length, 5)
        seen += page.documents
    assert seen == stored[::-1]


async def test_a_document_that_fails_half_way_leaves_nothing(retriever: Retriever, opened: Opened) -> None:
    async with connection(opened.pool) as taken:
        limit = sql.SQL("ALTER TABLE retriever.chunks ADD CONSTRAINT few CHECK (ordinal < 20)")
        await taken.execute(limit)
    with pytest.raises(Exception, match="few"):
        await retriever.put_document(new(LONG), tenant="t")
    assert await counts(opened) == ([], [])
    assert (await retriever.list_documents(tenant="t", page=1, page_size=5)).documents == ()


async def test_an_index_that_changed_hands_takes_no_more_vectors(
    retriever: Retriever, opened: Opened
) -> None:
    async with connection(opened.pool) as taken:
        await taken.execute("UPDATE retriever.embedder SET name = 'other'")
    with pytest.raises(ConflictError) as refused:
        await retriever.put_document(new("x"), tenant="t")
    assert refused.value.reason == "EMBEDDER_MISMATCH"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        pytest.param(new("x", title=" "), "title", id="blank title"),
        pytest.param(new("x", title="a\x00b"), "title", id="NUL in the title"),
        pytest.param(new("x", title="\ud800"), "title", id="surrogate in the title"),
        pytest.param(new("x", title="a" * 501), "title", id="long title"),
        pytest.param(new(""), "content", id="empty"),
        pytest.param(new("a" * (32 * 2**20 + 1)), "content", id="too large"),
        pytest.param(new("x\x00y"), "content", id="NUL in the content"),
        pytest.param(new("x", metadata={"k": "\udfff"}), "metadata", id="surrogate in a value"),
        pytest.param(new("x", metadata={"\x00": "v"}), "metadata", id="NUL in a key"),
        pytest.param(new("x", metadata={"": "v"}), "metadata", id="blank key"),
        pytest.param(new("x", metadata={str(n): "" for n in range(21)}), "metadata", id="too many values"),
        pytest.param(new("x", metadata={"k": "v" * 1001}), "metadata", id="long value"),
    ],
)
async def test_what_breaks_a_rule_is_refused(
    retriever: Retriever, opened: Opened, document: NewDocument, field: str
) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        await retriever.put_document(document, tenant="t")
    assert refused.value.field == field
    assert await counts(opened) == ([], [])


@pytest.mark.parametrize("document_id", ["", "doc_", "doc_" + "a" * 17, "doc_' OR true; --x", "\x00"])
async def test_what_is_no_identifier_is_refused(retriever: Retriever, document_id: str) -> None:
    with pytest.raises(ValidationFailedError):
        await retriever.get_document(document_id, tenant="t")
    with pytest.raises(ValidationFailedError):
        await retriever.delete_document(document_id, tenant="t")
