"""The retriever: documents in, passages with citations out."""

from typing import Annotated, Any, Literal

from fastapi import UploadFile
from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from gateway.routing.strict_json import parse_json
from gateway.schemas.base import DOCUMENT_ID_PATTERN, Instant, Sent, Told
from gateway.schemas.paging import Pagination
from gateway.schemas.tasks import Citation
from servicekit.errors import ValidationFailedError

DocumentMediaType = Literal["text/plain", "text/markdown", "text/html", "application/pdf"]
Pairs = Annotated[dict[str, str], Field(max_length=20)]


def _parsed(value: Any) -> Any:
    """A form has texts only: this one is JSON, read as strictly as a body."""
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value.encode())
    except ValidationFailedError as error:
        raise ValidationFailedError(
            f"metadata: {error.message}", field="metadata", constraint=error.constraint, reason=error.reason
        ) from None


PairsInForm = Annotated[
    Pairs, BeforeValidator(_parsed), WithJsonSchema({"type": "string", "example": '{"team": "payments"}'})
]
"""The same as one field of a form."""


def _left_out(schema: dict[str, Any]) -> None:
    """A form can leave a field out, it cannot send null."""
    schema |= schema.pop("anyOf")[0]
    del schema["default"]


class SearchRequest(Sent):
    """A query."""

    query: Annotated[str, StringConstraints(min_length=1, max_length=2000)] = Field(
        description="What is sought."
    )
    limit: int = Field(default=10, ge=1, le=100, description="How many passages at most.")
    mode: Literal["keyword", "vector", "hybrid"] = Field(
        default="hybrid", description="By words, by meaning, or both, fused."
    )
    filters: Pairs = Field(
        default_factory=dict, description="Only documents whose metadata has all of these values."
    )


class Passage(Told):
    """One search result."""

    citation: Citation
    text: str


class SearchResponse(Told):
    """The passages, best first."""

    passages: list[Passage]


class DocumentForm(Sent):
    """A document to store, as multipart/form-data."""

    file: UploadFile = Field(
        description="Its content: text, Markdown, HTML or PDF, told by the part's Content-Type "
        "or else by the file name's ending."
    )
    title: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = Field(
        default=None,
        json_schema_extra=_left_out,
        description="Its title; the file's name when left out.",
    )
    metadata: PairsInForm | None = Field(
        default=None,
        json_schema_extra=_left_out,
        description="The caller's own values, usable as filters: a JSON object of at most 20 strings.",
    )


class Document(Told):
    """A stored document's description."""

    document_id: Annotated[str, Field(pattern=DOCUMENT_ID_PATTERN)]
    title: str
    media_type: DocumentMediaType
    metadata: dict[str, str]
    chunks: int = Field(ge=0, description="How many chunks it became.")
    size_bytes: int = Field(ge=0)
    created_at: Instant


class DocumentPage(Told):
    """One page of documents, newest first."""

    data: list[Document]
    pagination: Pagination
