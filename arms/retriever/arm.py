"""The retriever as an arm: a step asks, passages with their citations answer."""

from collections.abc import Callable

from arms.arm import Arm, Capability, Emit
from arms.model.session import ModelSession
from arms.retriever.answer import SearchArguments, SearchOutput, confidence, search_output, search_text
from arms.retriever.documents import Passage
from arms.retriever.retriever import Retriever
from arms.retriever.search import Query
from arms.step import Citation, Result, Step
from servicekit.principal import current_principal

DOCUMENT_SEARCH = "document_search"
LONGEST_QUERY = 2000


class RetrieverArm(Arm):
    """Finds passages in the caller's documents.

    Args:
        retriever: gives the retriever, or raises UnavailableError while there is none.
    """

    arm_id = "retriever"
    name = "Retriever"
    description = "Finds passages in stored documents, by words and by meaning, with citations."
    capabilities = (
        Capability(
            name=DOCUMENT_SEARCH,
            description="Finds the passages of the stored documents that answer a question best.",
            arguments=SearchArguments,
            output=SearchOutput,
        ),
    )

    def __init__(self, *, retriever: Callable[[], Retriever]) -> None:
        self._retriever = retriever

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        """Search for the query of the arguments, else for the instruction.

        Raises:
            ValidationFailedError: the query is not text.
            UnavailableError: there are no documents to search now.
        """
        del model, emit
        given = SearchArguments.model_validate(step.arguments or SearchArguments())
        text = given.query.strip() or step.instruction[:LONGEST_QUERY]
        query = Query(text=text, limit=given.limit, mode=given.mode, filters=given.filters)
        passages = await self._retriever().search(query, tenant=current_principal().tenant)
        return Result(
            output=search_text(passages),
            value=search_output(text, passages),
            confidence=confidence(passages),
            method="rule",
            citations=tuple(citation(passage) for passage in passages),
            sources=tuple(dict.fromkeys(passage.document_id for passage in passages)),
        )


def citation(passage: Passage) -> Citation:
    """Where a passage stands."""
    return Citation(
        document_id=passage.document_id,
        title=passage.title,
        chunk_id=passage.chunk_id,
        quote=passage.quote,
        score=passage.score,
    )
