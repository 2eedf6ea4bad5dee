"""Measures how well passages are found: hit rates and mean reciprocal rank over known answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from arms.retriever.documents import MediaType, NewDocument, SearchMode
from arms.retriever.retriever import Retriever
from arms.retriever.search import Query
from tests.arms.retriever.quality_set import PASSAGES, Question

DEPTH = 10


@dataclass(frozen=True)
class Quality:
    """Where the right passages stood: their ranks from 1, None when not among the first ten."""

    ranks: Sequence[int | None]

    def hit(self, depth: int) -> float:
        """The share of questions whose answer is among the first `depth`."""
        return sum(rank is not None and rank <= depth for rank in self.ranks) / len(self.ranks)

    @property
    def mrr(self) -> float:
        """The mean of 1 / rank."""
        return sum(1 / rank for rank in self.ranks if rank) / len(self.ranks)


async def put_passages(retriever: Retriever, *, tenant: str) -> None:
    """Store the quality set, one document a passage."""
    for title, text in PASSAGES.items():
        await retriever.put_document(
            NewDocument(title=title, media_type=MediaType.PLAIN, content=text.encode()), tenant=tenant
        )


async def measure(
    retriever: Retriever, questions: Iterable[Question], *, mode: SearchMode, tenant: str
) -> Quality:
    """Ask every question; a passage is known by its document's title."""
    ranks: list[int | None] = []
    for question in questions:
        found = await retriever.search(Query(text=question.text, limit=DEPTH, mode=mode), tenant=tenant)
        titles = [passage.title for passage in found]
        ranks.append(titles.index(question.answer) + 1 if question.answer in titles else None)
    return Quality(ranks)
