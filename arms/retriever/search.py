"""Finds the passages that answer a query best, among one tenant's documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from arms.retriever.documents import Passage, SearchMode
from arms.retriever.quoting import best_quote
from arms.retriever.search_sql import search_statement
from arms.vectors import Vector, vector_literal
from servicekit.database import Pool, connection

SESSION = "-c hnsw.ef_search=120 -c hnsw.iterative_scan=strict_order -c hnsw.max_scan_tuples=50000"
"""How far the vector index looks; it goes on while other tenants' chunks stand in front."""

EXACT_UP_TO = 10_000
"""Chunks whose vectors one search compares in about 10 ms."""

CANDIDATES = 4_000
"""Chunks that one search ranks by words in about 10 ms; common words bring no more than these."""

DEPTH = 60
"""Places of each ranking that take part in the fusion."""

SEARCH_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is sought.

    Attributes:
        text: in words.
        limit: passages at most.
        mode: how they are found.
        filters: metadata that a document must have.
    """

    text: str
    limit: int
    mode: SearchMode = SearchMode.HYBRID
    filters: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class SearchBounds:
    """How much one search looks at.

    Attributes:
        exact_up_to: chunks of a tenant whose vectors are compared one by one; beyond it the index is asked.
        candidates: chunks that are ranked by words, when the rare words of a query do not bring more.
    """

    exact_up_to: int = EXACT_UP_TO
    candidates: int = CANDIDATES


class PassageSearch:
    """Searches the chunks of one tenant at a time.

    Args:
        pool: of a migrated database, with the settings of ``SESSION``.
        bounds: how much one search looks at.
    """

    def __init__(self, *, pool: Pool, bounds: SearchBounds | None = None) -> None:
        self._pool = pool
        self._bounds = bounds or SearchBounds()

    async def find(self, query: Query, *, vector: Vector | None, tenant: str) -> list[Passage]:
        """The best passages.

        Args:
            query: what is sought.
            vector: its vector; None when it is sought by words alone.
            tenant: whose documents are searched.

        Returns:
            Passages, best first.

        Raises:
            UnavailableError: the database does not answer.
        """
        statement = search_statement(filtered=bool(query.filters))
        values = search_values(query, vector=vector, tenant=tenant, bounds=self._bounds)
        async with connection(self._pool, within=SEARCH_SECONDS) as taken:
            # Never prepared: a plan that fits every tenant fits none.
            cursor = await taken.execute(statement.encode(), values, prepare=False)
            rows: Sequence[tuple[Any, ...]] = await cursor.fetchall()
        return [_passage(row, query=query.text) for row in rows]


def search_values(
    query: Query, *, vector: Vector | None, tenant: str, bounds: SearchBounds
) -> dict[str, Any]:
    """The values of the search statement."""
    depth = max(DEPTH, query.limit)
    return {
        "tenant": tenant,
        "query": query.text,
        "vector": None if vector is None else vector_literal(vector),
        "filters": Jsonb(dict(query.filters)),
        "hybrid": query.mode is SearchMode.HYBRID,
        "keyword_depth": 0 if query.mode is SearchMode.VECTOR else depth,
        "vector_depth": 0 if vector is None else depth,
        "exact_up_to": bounds.exact_up_to,
        "candidates": bounds.candidates,
        "limit": query.limit,
    }


def _passage(row: tuple[Any, ...], *, query: str) -> Passage:
    document_id, title, ordinal, section, text, start, end, score, similarity, word_share = row
    return Passage(
        document_id=document_id,
        title=title,
        ordinal=ordinal,
        section=section,
        text=text,
        quote=best_quote(text, query=query),
        start=start,
        end=end,
        score=score,
        similarity=similarity,
        word_share=word_share,
    )
