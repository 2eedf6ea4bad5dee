"""A retriever on a real PostgreSQL, with the real embedder and real reading processes."""

from collections.abc import AsyncGenerator

import pytest
from pydantic import SecretStr

from arms.retriever.compose import Opened, open_retriever
from arms.retriever.reading.chunking import ChunkingRules
from arms.retriever.reading.pool import ReaderPool, reader_pool
from arms.retriever.retriever import Retriever
from arms.retriever.settings import RetrieverSettings


@pytest.fixture
async def reader() -> AsyncGenerator[ReaderPool]:
    """Two reading processes."""
    async with reader_pool(workers=2, seconds=60, rules=ChunkingRules()) as pool:
        yield pool


@pytest.fixture
def settings(database_url: str) -> RetrieverSettings:
    return RetrieverSettings(database_url=SecretStr(database_url), retriever_readers=1)


@pytest.fixture
async def opened(settings: RetrieverSettings) -> AsyncGenerator[Opened]:
    async with open_retriever(settings) as opened:
        yield opened


@pytest.fixture
def retriever(opened: Opened) -> Retriever:
    return opened.retriever
