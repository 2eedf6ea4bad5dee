"""What the retriever keeps and finds: documents, their chunks, passages; and the rules on what comes in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from servicekit.errors import ValidationFailedError

MAX_BYTES = 32 * 1024 * 1024
"""Bytes of one document at most, as it comes in."""

MAX_TITLE = 500
MAX_PAIRS = 20
MAX_KEY = 64
MAX_VALUE = 1000

DOCUMENT_ID = re.compile(r"doc_[a-zA-Z0-9]{16}")
NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
"""What no UTF-8 text column can hold: NUL and lone surrogates."""


class MediaType(Enum):
    """The kinds of document that can be read."""

    PLAIN = "text/plain"
    MARKDOWN = "text/markdown"
    HTML = "text/html"
    PDF = "application/pdf"


class SearchMode(Enum):
    """How passages are found."""

    KEYWORD = "keyword"
    """By words."""
    VECTOR = "vector"
    """By meaning."""
    HYBRID = "hybrid"
    """Both, fused."""


@dataclass(frozen=True, kw_only=True)
class NewDocument:
    """A document as it comes in.

    Attributes:
        title: for people; also searched.
        media_type: what ``content`` is.
        content: the bytes.
        metadata: the caller's own values, usable as filters.
    """

    title: str
    media_type: MediaType
    content: bytes
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class Document:
    """A stored document's description.

    Attributes:
        document_id: ``doc_`` and 16 characters.
        title: for people.
        media_type: what it was read as.
        metadata: the caller's own values.
        chunks: how many chunks it became.
        size_bytes: its size as it came in.
        created_at: when it was stored first.
    """

    document_id: str
    title: str
    media_type: MediaType
    metadata: Mapping[str, str]
    chunks: int
    size_bytes: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A stretch of a document's text.

    Attributes:
        text: exactly the characters ``start`` to ``end`` of the document's text.
        start: offset of the first character in the text that was read out of the document.
        end: offset behind the last one.
        section: the headings it stands under, such as ``Install > Linux``; empty for none.
    """

    text: str
    start: int
    end: int
    section: str


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One search result.

    Attributes:
        document_id: the document it stands in.
        title: the document's title.
        ordinal: the chunk's number within the document, from 0.
        section: the headings it stands under.
        text: the chunk's text.
        quote: the sentence of it that fits the query best, word by word.
        start: offset of the chunk in the document's text.
        end: offset behind it.
        score: relevance, 0 to 1; comparable within one search only.
        similarity: cosine similarity of query and chunk, 0 to 1; None when it was found by words alone.
        word_share: share of the query's words found in the chunk, rare ones counting more, 0 to 1.
    """

    document_id: str
    title: str
    ordinal: int
    section: str
    text: str
    quote: str
    start: int
    end: int
    score: float
    similarity: float | None
    word_share: float

    @property
    def chunk_id(self) -> str:
        """The chunk's identifier: the document's, and its place."""
        return f"{self.document_id}:{self.ordinal}"


@dataclass(frozen=True, kw_only=True)
class DocumentPage:
    """One page of a list.

    Attributes:
        documents: newest first.
        total_items: how many there are in all.
    """

    documents: tuple[Document, ...]
    total_items: int


def check_document(document: NewDocument) -> None:
    """Hold what comes in against the rules that also stand in the proto, and some that cannot.

    Raises:
        ValidationFailedError: a rule is broken.
    """
    _check_text(document.title, name="title", most=MAX_TITLE)
    if not 1 <= len(document.content) <= MAX_BYTES:
        raise ValidationFailedError(
            f"a document has 1 to {MAX_BYTES} bytes, this one {len(document.content)}",
            field="content",
            constraint=f"must have 1 to {MAX_BYTES} bytes",
        )
    check_pairs(document.metadata, name="metadata")


def check_pairs(pairs: Mapping[str, str], *, name: str) -> None:
    """Hold metadata or filters against the rules.

    Args:
        pairs: the values.
        name: the request field they came in.

    Raises:
        ValidationFailedError: too many, too long, or not text.
    """
    if len(pairs) > MAX_PAIRS:
        raise ValidationFailedError(
            f"{name} has {len(pairs)} values", field=name, constraint=f"must have at most {MAX_PAIRS} values"
        )
    for key, value in pairs.items():
        _check_text(key, name=name, most=MAX_KEY)
        _check_text(value, name=name, most=MAX_VALUE, least=0)


def check_query(query: str) -> None:
    """Refuse a query that is blank or not text.

    Raises:
        ValidationFailedError: it is.
    """
    _check_text(query, name="query", most=2000)


def check_document_id(document_id: str) -> None:
    """Refuse what cannot be a document's identifier.

    Raises:
        ValidationFailedError: it is not one.
    """
    if not DOCUMENT_ID.fullmatch(document_id):
        raise ValidationFailedError(
            "this is not a document's identifier",
            field="document_id",
            constraint=f"must match ^{DOCUMENT_ID.pattern}$",
        )


def _check_text(text: str, *, name: str, most: int, least: int = 1) -> None:
    if NOT_TEXT.search(text):
        raise ValidationFailedError(
            f"{name} has characters that are not text",
            field=name,
            constraint="must have no NUL and no lone surrogate",
        )
    if not least <= len(text.strip()) or len(text) > most:
        raise ValidationFailedError(
            f"{name} is blank or too long", field=name, constraint=f"must have {least} to {most} characters"
        )
