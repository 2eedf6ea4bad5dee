"""Documents in PostgreSQL: stored whole or not at all, and seen by their tenant only."""

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from arms.embedding import EmbedderName
from arms.retriever.documents import Chunk, Document, DocumentPage, MediaType, NewDocument
from arms.vectors import Vector, vector_literal
from servicekit.database import Connection, Pool, connection, transaction
from servicekit.errors import ConflictError, NotFoundError

ROWS_AT_ONCE = 200
"""Chunks in one statement; each takes about 3 KiB, and the vector index some milliseconds."""

STORE_SECONDS = 600.0
"""How long a document of the largest size may take to store; most of it goes into the vector index."""

FIELDS = "document_id, title, media_type, metadata, chunks, size_bytes, created_at"

FIND = f"""
SELECT {FIELDS} FROM retriever.documents
WHERE tenant = %(tenant)s AND content_sha256 = %(sha256)s AND media_type = %(media_type)s
  AND title = %(title)s AND metadata = %(metadata)s"""  # noqa: S608  # a constant list of columns

# The first time stays, so that lists keep their order; title and metadata are the last ones given.
PUT = f"""
INSERT INTO retriever.documents AS old
  (document_id, tenant, title, media_type, metadata, content_sha256, size_bytes, chunks)
VALUES (%(document_id)s, %(tenant)s, %(title)s, %(media_type)s, %(metadata)s, %(sha256)s, %(size)s,
  %(chunks)s)
ON CONFLICT (tenant, content_sha256, media_type) DO UPDATE
  SET title = excluded.title, metadata = excluded.metadata, chunks = excluded.chunks
RETURNING {FIELDS}"""  # noqa: S608  # as above

PUT_CHUNKS = """
INSERT INTO retriever.chunks
  (document_id, ordinal, tenant, section, body, start_offset, end_offset, words, embedding)
SELECT %(document_id)s, ordinal, %(tenant)s, section, body, start_offset, end_offset,
       retriever.searchable(%(title)s, section, body), embedding::vector
FROM unnest(%(ordinals)s::int[], %(sections)s::text[], %(bodies)s::text[], %(starts)s::int[], %(ends)s::int[],
            %(embeddings)s::text[]) AS new (ordinal, section, body, start_offset, end_offset, embedding)"""

COUNT = """
INSERT INTO retriever.tenants AS t (tenant, documents, chunks) VALUES (%(tenant)s, %(documents)s, %(chunks)s)
ON CONFLICT (tenant) DO UPDATE
  SET documents = t.documents + excluded.documents, chunks = t.chunks + excluded.chunks"""

GET = f"SELECT {FIELDS} FROM retriever.documents WHERE document_id = %s AND tenant = %s"  # noqa: S608  # as above

LIST = f"""
SELECT {FIELDS} FROM retriever.documents WHERE tenant = %(tenant)s
ORDER BY created_at DESC, document_id DESC LIMIT %(size)s OFFSET %(skip)s"""  # noqa: S608  # as above

DELETE = "DELETE FROM retriever.documents WHERE document_id = %s AND tenant = %s RETURNING chunks"

ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True)
class EmbeddedChunk:
    """A chunk and its vector."""

    chunk: Chunk
    vector: Vector


class DocumentStore:
    """The documents of all tenants; every method names the one it is for.

    Args:
        pool: of a migrated database.
        identity: the embedder whose vectors are stored.
    """

    def __init__(self, *, pool: Pool, identity: EmbedderName) -> None:
        self._pool = pool
        self._identity = identity

    async def find_same(self, new: NewDocument, *, digest: bytes, tenant: str) -> Document | None:
        """The document that is already stored with the same content, title and metadata, if any."""
        async with connection(self._pool) as taken:
            return await _document(taken, FIND, _values(new, digest=digest, tenant=tenant))

    async def put(
        self, new: NewDocument, chunks: Sequence[EmbeddedChunk], *, digest: bytes, tenant: str
    ) -> Document:
        """Store a document with its chunks, in place of an earlier one with the same content.

        Args:
            new: the document.
            chunks: all of it.
            digest: SHA-256 of its content.
            tenant: whose it is.

        Returns:
            What is now stored.

        Raises:
            ConflictError: the index has become another embedder's.
            UnavailableError: the database does not answer, or another call stores the same document.
        """
        values = _values(new, digest=digest, tenant=tenant) | {
            "document_id": new_document_id(),
            "chunks": len(chunks),
        }
        async with transaction(self._pool, within=STORE_SECONDS) as taken:
            await self._hold_index(taken)
            stored = await _document(taken, PUT, values)
            if stored is None:
                raise ConflictError("the document was not stored; try again", reason="DOCUMENT_CHANGED")
            replaced = await _remove_chunks(taken, stored.document_id)
            for first in range(0, len(chunks), ROWS_AT_ONCE):
                rows = chunks[first : first + ROWS_AT_ONCE]
                await taken.execute(PUT_CHUNKS, _columns(stored, rows, first=first, tenant=tenant))
            # Last, since it makes the tenant's other writers wait until this transaction ends.
            await _count(taken, tenant, documents=0 if replaced else 1, chunks=len(chunks) - replaced)
        return stored

    async def get(self, document_id: str, *, tenant: str) -> Document:
        """One document.

        Raises:
            NotFoundError: there is none, or it is another tenant's.
        """
        async with connection(self._pool) as taken:
            document = await _document(taken, GET, (document_id, tenant))
        if document is None:
            raise not_found(document_id)
        return document

    async def page(self, *, tenant: str, number: int, size: int) -> DocumentPage:
        """One page of a tenant's documents, newest first; `number` counts from 1."""
        async with transaction(self._pool) as taken:
            await taken.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # list and total agree
            values = {"tenant": tenant, "size": size, "skip": (number - 1) * size}
            rows = await (await taken.cursor(row_factory=dict_row).execute(LIST, values)).fetchall()
            counted = await taken.execute(
                "SELECT documents FROM retriever.tenants WHERE tenant = %s", (tenant,)
            )
            total = await counted.fetchone()
        return DocumentPage(
            documents=tuple(_from_row(row) for row in rows), total_items=total[0] if total else 0
        )

    async def delete(self, document_id: str, *, tenant: str) -> None:
        """Remove a document and its chunks.

        Raises:
            NotFoundError: there is none, or it is another tenant's.
        """
        async with transaction(self._pool, within=STORE_SECONDS) as taken:
            row = await (await taken.execute(DELETE, (document_id, tenant))).fetchone()
            if row is None:
                raise not_found(document_id)
            await _count(taken, tenant, documents=-1, chunks=-row[0])

    async def _hold_index(self, taken: Connection) -> None:
        """Keep the index this embedder's until the transaction ends."""
        query = "SELECT name, dimension FROM retriever.embedder FOR SHARE"
        row = await (await taken.execute(query)).fetchone()
        if row != (self._identity.name, self._identity.dimension):
            raise ConflictError(
                f"the index is not {self._identity.name}'s any more: restart this service",
                reason="EMBEDDER_MISMATCH",
            )


def new_document_id() -> str:
    """A new document's identifier: 95 random bits."""
    return "doc_" + "".join(secrets.choice(ALPHABET) for _ in range(16))


def not_found(document_id: str) -> NotFoundError:
    """The error for a document that is not there, or not the caller's."""
    return NotFoundError(f"there is no document {document_id}", reason="DOCUMENT_NOT_FOUND")


async def _document(taken: Connection, query: str, values: Any) -> Document | None:
    row = await (await taken.cursor(row_factory=dict_row).execute(query.encode(), values)).fetchone()
    return None if row is None else _from_row(row)


async def _remove_chunks(taken: Connection, document_id: str) -> int:
    removed = await taken.execute("DELETE FROM retriever.chunks WHERE document_id = %s", (document_id,))
    return removed.rowcount


async def _count(taken: Connection, tenant: str, *, documents: int, chunks: int) -> None:
    await taken.execute(COUNT, {"tenant": tenant, "documents": documents, "chunks": chunks})


def _values(new: NewDocument, *, digest: bytes, tenant: str) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "title": new.title,
        "media_type": new.media_type.value,
        "metadata": Jsonb(dict(new.metadata)),
        "sha256": digest,
        "size": len(new.content),
    }


def _columns(stored: Document, rows: Sequence[EmbeddedChunk], *, first: int, tenant: str) -> dict[str, Any]:
    return {
        "document_id": stored.document_id,
        "tenant": tenant,
        "title": stored.title,
        "ordinals": list(range(first, first + len(rows))),
        "sections": [row.chunk.section for row in rows],
        "bodies": [row.chunk.text for row in rows],
        "starts": [row.chunk.start for row in rows],
        "ends": [row.chunk.end for row in rows],
        "embeddings": [vector_literal(row.vector) for row in rows],
    }


def _from_row(row: dict[str, Any]) -> Document:
    media_type = MediaType(row.pop("media_type"))
    return Document(**row, media_type=media_type)
