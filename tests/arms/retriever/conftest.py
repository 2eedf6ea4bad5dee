"""A retriever on a real PostgreSQL, with the real embedder and real reading processes."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest

from arms.retriever.embedding import Embedder, open_embedder
from arms.retriever.migrations import claim_index, migrate_retriever
from arms.retriever.reading.chunking import ChunkingRules
from arms.retriever.reading.pool import ReaderPool, reader_pool
from arms.retriever.retriever import Retriever
from arms.retriever.search import SESSION, PassageSearch
from arms.retriever.store import DocumentStore
from servicekit.database import Pool, open_pool


@pytest.fixture
async def reader() -> AsyncGenerator[ReaderPool]:
    async with reader_pool(workers=2, seconds=60, rules=ChunkingRules()) as pool:
        yield pool


@pytest.fixture
async def embedder() -> AsyncGenerator[Embedder]:
    async with open_embedder("wordllama") as opened:
        yield opened
