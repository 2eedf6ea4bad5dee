"""From a document's bytes to its chunks; runs in a worker process, see `reading.worker`."""

from collections.abc import Callable, Mapping

from arms.retriever.documents import Chunk, MediaType
from arms.retriever.reading.chunking import ChunkingRules, chunk_text
from arms.retriever.reading.html import read_html
from arms.retriever.reading.markdown import read_markdown
from arms.retriever.reading.pdf import read_pdf
from arms.retriever.reading.text import Text, clean, decode_utf8
from servicekit.errors import ValidationFailedError


def read_plain(content: bytes) -> Text:
    """Read plain text.

    Raises:
        ValidationFailedError: it is not text.
    """
    return Text(body=clean(decode_utf8(content)))


READERS: Mapping[MediaType, Callable[[bytes], Text]] = {
    MediaType.PLAIN: read_plain,
    MediaType.MARKDOWN: read_markdown,
    MediaType.HTML: read_html,
    MediaType.PDF: read_pdf,
}
"""How each kind is read."""


def read_chunks(content: bytes, *, media_type: MediaType, rules: ChunkingRules) -> list[Chunk]:
    """Read a document and divide it.

    Args:
        content: the document.
        media_type: what it is.
        rules: how large chunks are.

    Returns:
        At least one chunk.

    Raises:
        ValidationFailedError: it cannot be read, or holds no text.
    """
    chunks = chunk_text(READERS[media_type](content), rules=rules)
    if not chunks:
        raise ValidationFailedError(
            "the document holds no text; a scan needs text recognition first",
            field="content",
            constraint="must hold text",
            reason="DOCUMENT_EMPTY",
        )
    return chunks
