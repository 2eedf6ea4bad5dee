"""The retriever: puts documents in, lists and removes them, and finds passages, each for one tenant."""

import asyncio
import hashlib
from collections.abc import Sequence

from arms.embedding import Embedder
from arms.retriever.documents import (
    Chunk,
    Document,
    DocumentPage,
    NewDocument,
    Passage,
    SearchMode,
    check_document,
    check_document_id,
    check_pairs,
    check_query,
)
from arms.retriever.reading.pool import Reader
from arms.retriever.search import PassageSearch, Query
from arms.retriever.store import DocumentStore, EmbeddedChunk

PUTS_AT_ONCE = 4
"""Documents in work at the same time; of the largest size each takes some 200 MB until it is stored."""


class Retriever:
    """What the retriever does, whoever asks: a servicer, the command line, a test.

    Args:
        reader: turns documents into chunks.
        embedder: turns chunks and queries into vectors.
        store: keeps documents.
        search: finds passages.
    """

    def __init__(
        self, *, reader: Reader, embedder: Embedder, store: DocumentStore, search: PassageSearch
    ) -> None:
        self._reader = reader
        self._embedder = embedder
        self._store = store
        self._search = search
        self._places = asyncio.Semaphore(PUTS_AT_ONCE)

    async def put_document(self, new: NewDocument, *, tenant: str) -> Document:
        """Store a document; the same content is stored once, with the title and metadata given last.

        Args:
            new: the document.
            tenant: whose it is.

        Returns:
            What is stored.

        Raises:
            ValidationFailedError: it cannot be read, or breaks a rule.
            UnavailableError: the database or the embedder does not answer.
        """
        check_document(new)
        digest = await asyncio.to_thread(sha256_of, new.content)
        same = await self._store.find_same(new, digest=digest, tenant=tenant)
        if same is not None:
            return same
        async with self._places:
            chunks = await self._reader.read(new.content, media_type=new.media_type)
            embedded = await self._embedded(new.title, chunks)
            return await self._store.put(new, embedded, digest=digest, tenant=tenant)

    async def _embedded(self, title: str, chunks: Sequence[Chunk]) -> Sequence[EmbeddedChunk]:
        texts = [text_to_embed(title, chunk.section, chunk.text) for chunk in chunks]
        vectors = await self._embedder.embed(texts)
        return [
            EmbeddedChunk(chunk=chunk, vector=vector) for chunk, vector in zip(chunks, vectors, strict=True)
        ]

    async def get_document(self, document_id: str, *, tenant: str) -> Document:
        """One document's description.

        Raises:
            NotFoundError: there is none, or it is another tenant's.
        """
        check_document_id(document_id)
        return await self._store.get(document_id, tenant=tenant)

    async def list_documents(self, *, tenant: str, page: int, page_size: int) -> DocumentPage:
        """One page of a tenant's documents, newest first; `page` counts from 1."""
        return await self._store.page(tenant=tenant, number=page, size=page_size)

    async def delete_document(self, document_id: str, *, tenant: str) -> None:
        """Remove a document and its chunks.

        Raises:
            NotFoundError: there is none, or it is another tenant's.
        """
        check_document_id(document_id)
        await self._store.delete(document_id, tenant=tenant)

    async def search(self, query: Query, *, tenant: str) -> list[Passage]:
        """Find the passages that answer a query best.

        Args:
            query: what is sought.
            tenant: whose documents are searched.

        Returns:
            Passages, best first; fewer than asked for when there are no more.

        Raises:
            ValidationFailedError: the query is blank or not text.
            UnavailableError: the database or the embedder does not answer.
        """
        check_query(query.text)
        check_pairs(query.filters, name="filters")
        vector = None
        if query.mode is not SearchMode.KEYWORD:
            (vector,) = await self._embedder.embed([query.text])
        return await self._search.find(query, vector=vector, tenant=tenant)


def text_to_embed(title: str, section: str, text: str) -> str:
    """What a chunk's vector is made of: where it stands says what it is about."""
    return "\n".join(part for part in (title, section, text) if part)


def sha256_of(content: bytes) -> bytes:
    """By which content is known again."""
    return hashlib.sha256(content).digest()
