"""Puts the retriever together: database, embedder, reading processes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from arms.embedding import ThreadedEmbedder, open_embedder
from arms.retriever.migrations import claim_index, migrate_retriever
from arms.retriever.reading.chunking import ChunkingRules
from arms.retriever.reading.pool import reader_pool
from arms.retriever.retriever import Retriever
from arms.retriever.search import SESSION, PassageSearch
from arms.retriever.settings import RetrieverSettings
from arms.retriever.store import DocumentStore
from servicekit.database import Pool, open_pool
from servicekit.errors import OctoError, UnavailableError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A retriever that works.

    Attributes:
        retriever: the retriever.
        pool: its database, for a look whether it still answers.
        embedder: for a look whether its model could be loaded.
    """

    retriever: Retriever
    pool: Pool
    embedder: ThreadedEmbedder


@asynccontextmanager
async def open_retriever(settings: RetrieverSettings) -> AsyncIterator[Opened]:
    """Have a retriever for the length of the block; its embedder is loaded meanwhile.

    Args:
        settings: where the database is, and the bounds.

    Yields:
        The retriever, on a migrated database whose index is its embedder's.

    Raises:
        UnavailableError: no database is configured, it does not answer, or it has no pgvector.
        ConflictError: the index is another embedder's, or a newer program's.
        ValidationFailedError: there is no such embedder.
    """
    url = _url(settings)
    async with AsyncExitStack() as stack:
        embedder = await stack.enter_async_context(open_embedder(settings.embedder))
        await migrate_retriever(url)
        pool = await stack.enter_async_context(
            open_pool(url, name="retriever", max_size=settings.retriever_connections)
        )
        await claim_index(pool, identity=embedder.identity)
        reader = await stack.enter_async_context(
            reader_pool(
                workers=settings.retriever_readers,
                seconds=settings.retriever_read_seconds,
                rules=ChunkingRules(),
            )
        )
        await stack.enter_async_context(_warming(embedder))
        store = DocumentStore(pool=pool, identity=embedder.identity)
        search = PassageSearch(pool=pool)
        retriever = Retriever(reader=reader, embedder=embedder, store=store, search=search)
        yield Opened(retriever=retriever, pool=pool, embedder=embedder)


def _url(settings: RetrieverSettings) -> str:
    if settings.database_url is None:
        raise UnavailableError(
            "No database is configured: set OCTOLLM_DATABASE_URL.", reason="DATABASE_NOT_CONFIGURED"
        )
    url = settings.database_url.get_secret_value()
    given = conninfo_to_dict(url).get("options") or ""
    return make_conninfo(url, options=f"{SESSION} {given}".rstrip())


@asynccontextmanager
async def _warming(embedder: ThreadedEmbedder) -> AsyncIterator[None]:
    """Load the embedder's model while the block runs, so that no caller waits for it."""
    loading = asyncio.create_task(_warm_up(embedder), name="load the embedder")
    try:
        yield
    finally:
        loading.cancel()
        with suppress(asyncio.CancelledError):
            await loading


async def _warm_up(embedder: ThreadedEmbedder) -> None:
    try:
        await embedder.warm_up()
    except OctoError:  # health tells it, and the first caller gets it too
        log.exception("the embedder cannot be loaded")
