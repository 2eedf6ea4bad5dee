"""The retriever as an arm: a step asks; passages, or an answer from them, come back with citations."""

from collections.abc import Callable

from arms.arm import Arm, Capability, Emit, ModelNeed
from arms.model.session import ModelSession
from arms.retriever.answer import SearchArguments, SearchOutput, confidence, search_output, search_text
from arms.retriever.answering import Answered, Question, answer_from
from arms.retriever.documents import Passage
from arms.retriever.retriever import Retriever
from arms.retriever.search import Query
from arms.step import Citation, Result, Step
from servicekit.principal import current_principal

DOCUMENT_SEARCH = "document_search"
DOCUMENT_ANSWER = "document_answer"
LONGEST_QUERY = 2000


class RetrieverArm(Arm):
    """Finds passages in the caller's documents.

    Args:
        retriever: gives the retriever, or raises UnavailableError while there is none.
    """

    arm_id = "retriever"
    name = "Retriever"
    description = "Finds passages in stored documents, and answers from them, with citations."
    model_need = ModelNeed.HELPS
    capabilities = (
        Capability(
            name=DOCUMENT_SEARCH,
            description="Finds the passages of the stored documents that answer a question best.",
            arguments=SearchArguments,
            output=SearchOutput,
        ),
        Capability(
            name=DOCUMENT_ANSWER,
            description="Answers a question from the stored documents, and cites the passages it used.",
            arguments=SearchArguments,
            output=SearchOutput,
        ),
    )

    def __init__(self, *, retriever: Callable[[], Retriever]) -> None:
        self._retriever = retriever

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        """Search for the query of the arguments, else for the instruction; and answer when that is asked for.

        Raises:
            ValidationFailedError: the query is not text.
            UnavailableError: there are no documents to search now.
        """
        given = SearchArguments.model_validate(step.arguments or SearchArguments())
        text = given.query.strip() or step.instruction[:LONGEST_QUERY]
        query = Query(text=text, limit=given.limit, mode=given.mode, filters=given.filters)
        passages = await self._retriever().search(query, tenant=current_principal().tenant)
        if step.capability == DOCUMENT_SEARCH:
            found = Answered(
                text=search_text(passages),
                passages=tuple(passages),
                confidence=confidence(passages),
                method="rule",
            )
        else:
            question = Question(text=step.instruction, brief=step.brief, feedback=step.feedback)
            found = await answer_from(passages, question=question, model=model, emit=emit)
        return _result(found, query=text)


def _result(found: Answered, *, query: str) -> Result:
    return Result(
        output=found.text,
        value=search_output(query, found.passages),
        confidence=found.confidence,
        method=found.method,
        citations=tuple(citation(passage) for passage in found.passages),
        sources=tuple(dict.fromkeys(passage.document_id for passage in found.passages)),
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
