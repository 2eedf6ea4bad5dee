"""The retriever's messages: proto in, domain out, and back."""

from octollm.arms.v1 import retriever_pb2

from arms.convert import citation_to
from arms.retriever.arm import citation
from arms.retriever.documents import Document, MediaType, NewDocument, Passage, SearchMode
from arms.retriever.search import Query

MODES = {
    retriever_pb2.SEARCH_MODE_UNSPECIFIED: SearchMode.HYBRID,
    retriever_pb2.SEARCH_MODE_KEYWORD: SearchMode.KEYWORD,
    retriever_pb2.SEARCH_MODE_VECTOR: SearchMode.VECTOR,
    retriever_pb2.SEARCH_MODE_HYBRID: SearchMode.HYBRID,
}


def query_from(message: retriever_pb2.SearchRequest) -> Query:
    """What is sought."""
    return Query(
        text=message.query, limit=message.limit, mode=MODES[message.mode], filters=dict(message.filters)
    )


def new_document_from(message: retriever_pb2.PutDocumentRequest) -> NewDocument:
    """A document that comes in."""
    return NewDocument(
        title=message.title,
        media_type=MediaType(message.media_type),
        content=message.content,
        metadata=dict(message.metadata),
    )


def document_to(document: Document) -> retriever_pb2.Document:
    """A document's description."""
    message = retriever_pb2.Document(
        document_id=document.document_id,
        title=document.title,
        media_type=document.media_type.value,
        metadata=document.metadata,
        chunks=document.chunks,
        size_bytes=document.size_bytes,
    )
    message.created_at.FromDatetime(document.created_at)
    return message


def passage_to(passage: Passage) -> retriever_pb2.Passage:
    """A passage with its citation."""
    return retriever_pb2.Passage(citation=citation_to(citation(passage)), text=passage.text)
