"""What a step of `document_search` takes and gives back."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from arms.retriever.documents import Passage, SearchMode

LIMIT = 8
"""Passages of a step that asks for no number: about what a small model reads."""


class SearchArguments(BaseModel):
    """What to seek, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str = Field(
        default="", max_length=2000, description="What is sought; empty takes the instruction."
    )
    limit: int = Field(default=LIMIT, ge=1, le=100, description="How many passages at most.")
    mode: SearchMode = Field(default=SearchMode.HYBRID, description="By words, by meaning, or both.")
    filters: dict[str, str] = Field(
        default_factory=dict[str, str], description="Only documents whose metadata has all of these values."
    )


class FoundPassage(BaseModel):
    """A passage, and where it stands."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(description="The number in brackets by which the output's text refers to it.")
    document_id: str
    title: str
    section: str = Field(description="The headings that it stands under.")
    chunk_id: str
    start: int = Field(description="Offset of its first character in the document's text.")
    end: int = Field(description="Offset behind its last character.")
    text: str
    quote: str = Field(description="The sentence that fits the query best.")
    score: float = Field(description="Relevance, 0 to 1; comparable within one search only.")


class SearchOutput(BaseModel):
    """The passages, best first."""

    model_config = ConfigDict(frozen=True)

    query: str
    passages: list[FoundPassage]


def search_output(query: str, passages: Sequence[Passage]) -> SearchOutput:
    """The passages as data."""
    return SearchOutput(
        query=query,
        passages=[
            FoundPassage(
                number=number,
                document_id=passage.document_id,
                title=passage.title,
                section=passage.section,
                chunk_id=passage.chunk_id,
                start=passage.start,
                end=passage.end,
                text=passage.text,
                quote=passage.quote,
                score=passage.score,
            )
            for number, passage in enumerate(passages, start=1)
        ],
    )


def search_text(passages: Sequence[Passage]) -> str:
    """The passages as text, each under its number: ``[1] Title, section``."""
    if not passages:
        return "No passage of the stored documents fits this."
    return "\n\n".join(
        f"[{number}] {', '.join(part for part in (passage.title, passage.section) if part)}\n{passage.text}"
        for number, passage in enumerate(passages, start=1)
    )


def confidence(passages: Sequence[Passage]) -> float:
    """How sure it is that the first passage is about what was sought: by its meaning or by its words."""
    if not passages:
        return 0.0
    return min(1.0, max(passages[0].similarity or 0.0, passages[0].word_share))
