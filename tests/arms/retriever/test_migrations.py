"""The index is one embedder's: a mismatch is told clearly, an empty index changes hands."""

from collections.abc import Generator

import psycopg
import pytest
from psycopg import sql

from arms.embedding import WORDLLAMA, EmbedderName
from arms.retriever.compose import Opened, open_retriever
from arms.retriever.documents import MediaType, NewDocument
from arms.retriever.migrations import claim_index, migrate_retriever
from arms.retriever.settings import RetrieverSettings
from cli.embedded.configuration import USER
from cli.embedded.postgres import Postgres
from servicekit.errors import ConflictError, UnavailableError

OTHER = EmbedderName(name="other", dimension=256)


async def test_the_embedder_is_recorded(opened: Opened) -> None:
    async with opened.pool.connection() as connection:
        row = await (await connection.execute("SELECT name, dimension FROM retriever.embedder")).fetchone()
    assert row == (WORDLLAMA.name, WORDLLAMA.dimension)


async def test_an_index_with_chunks_belongs_to_its_embedder(opened: Opened) -> None:
    document = NewDocument(title="T", media_type=MediaType.PLAIN, content=b"text")
    stored = await opened.retriever.put_document(document, tenant="t")
    with pytest.raises(ConflictError, match="other with 256 dimensions") as refused:
        await claim_index(opened.pool, identity=OTHER)
    assert WORDLLAMA.name in refused.value.message
    assert refused.value.reason == "EMBEDDER_MISMATCH"
    await opened.retriever.delete_document(stored.document_id, tenant="t")
    await claim_index(opened.pool, identity=OTHER)
    with pytest.raises(ConflictError):
        await opened.retriever.put_document(document, tenant="t")


async def test_opening_again_finds_what_was_stored(opened: Opened, settings: RetrieverSettings) -> None:
    document = NewDocument(title="T", media_type=MediaType.PLAIN, content=b"text")
    stored = await opened.retriever.put_document(document, tenant="t")
    async with open_retriever(settings) as again:
        assert await again.retriever.get_document(stored.document_id, tenant="t") == stored


@pytest.fixture
def bare_database_url(shared_postgres: Postgres) -> Generator[str]:
    """A database without pgvector, whose owner may not add it."""
    with psycopg.connect(shared_postgres.admin_url, autocommit=True) as connection:
        owner = sql.Identifier(USER)
        connection.execute(sql.SQL("CREATE DATABASE bare TEMPLATE template0 OWNER {}").format(owner))
        yield shared_postgres.url_of("bare")
        connection.execute("DROP DATABASE bare WITH (FORCE)")


async def test_a_database_without_pgvector_is_told(bare_database_url: str) -> None:
    with pytest.raises(UnavailableError, match="CREATE EXTENSION vector") as refused:
        await migrate_retriever(bare_database_url)
    assert refused.value.reason == "PGVECTOR_MISSING"


async def test_no_database_is_told() -> None:
    with pytest.raises(UnavailableError, match="OCTOLLM_DATABASE_URL") as refused:
        async with open_retriever(RetrieverSettings(database_url=None)):
            pytest.fail("it was opened")
    assert refused.value.reason == "DATABASE_NOT_CONFIGURED"
