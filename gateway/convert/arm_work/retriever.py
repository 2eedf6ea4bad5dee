"""The retriever's work."""

from collections.abc import Mapping
from typing import Any

from octollm.arms.v1 import retriever_pb2 as pb

from gateway.convert.tasks import citation
from gateway.convert.values import instant, numbers
from gateway.schemas.arm_work.retriever import SearchRequest

_MODE_NUMBER: Any = numbers(pb.SearchMode.DESCRIPTOR, prefix="SEARCH_MODE_")


def to_search(request: SearchRequest) -> pb.SearchRequest:
    """A query, as the retriever takes it."""
    return pb.SearchRequest(
        query=request.query, limit=request.limit, mode=_MODE_NUMBER[request.mode], filters=request.filters
    )


def to_document(
    *, title: str, media_type: str, content: bytes, metadata: Mapping[str, str]
) -> pb.PutDocumentRequest:
    """A document, as the retriever takes it."""
    return pb.PutDocumentRequest(title=title, media_type=media_type, content=content, metadata=metadata)


def passages(it: pb.SearchResponse) -> dict[str, Any]:
    """Passages, best first; see `gateway.schemas.arm_work.retriever.SearchResponse`."""
    return {"passages": [{"citation": citation(one.citation), "text": one.text} for one in it.passages]}


def document(it: pb.Document) -> dict[str, Any]:
    """A document's description; see `gateway.schemas.arm_work.retriever.Document`."""
    return {
        "document_id": it.document_id,
        "title": it.title,
        "media_type": it.media_type,
        "metadata": dict(it.metadata),
        "chunks": it.chunks,
        "size_bytes": it.size_bytes,
        "created_at": instant(it.created_at),
    }
