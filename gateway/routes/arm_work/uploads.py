"""Uploaded documents: what they are, and their content while it is passed on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import Message
from pathlib import PurePosixPath

from fastapi import UploadFile

from gateway.context import Context
from gateway.errors import UnsupportedMediaTypeError
from gateway.schemas.arm_work.retriever import DocumentForm
from servicekit.errors import PayloadTooLargeError, ValidationFailedError

UNTOLD = frozenset({"", "application/octet-stream"})
"""Media types that say nothing: the name's ending tells then."""

BY_ENDING = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".pdf": "application/pdf",
}
"""The media type that a file name's ending tells."""

READABLE = tuple(dict.fromkeys(BY_ENDING.values()))

_LONGEST_TITLE = 500


def media_type_of(file: UploadFile) -> str:
    """What a file is, by its part's Content-Type, or by its name where that says nothing.

    Raises:
        UnsupportedMediaTypeError: it is nothing that can be read, or is encoded or compressed.
    """
    head = Message()
    head["content-type"] = file.headers.get("content-type", "")
    told = head.get_content_type() if file.headers.get("content-type") else ""
    found = BY_ENDING.get(_ending(file), "") if told in UNTOLD else told
    charset = str(head.get_param("charset", "utf-8")).lower()
    if found not in READABLE:
        raise _unreadable("file", f"must be one of {', '.join(READABLE)}")
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise _unreadable("file", "must be in UTF-8")
    if file.headers.get("content-encoding", "identity") != "identity":
        raise _unreadable("file", "must not be compressed")
    return found


def title_of(form: DocumentForm) -> str:
    """The title that was given, or the file's name.

    Raises:
        ValidationFailedError: there is neither.
    """
    name = (form.file.filename or "").replace("\\", "/").rpartition("/")[2].strip()
    if form.title is None and not name:
        raise ValidationFailedError(
            "a title is needed where the file has no name",
            field="title",
            constraint="must be given",
            reason="FIELD_RULE",
        )
    return form.title if form.title is not None else name[:_LONGEST_TITLE]


@asynccontextmanager
async def uploaded(file: UploadFile, *, most: int, context: Context) -> AsyncIterator[bytes]:
    """A file's content, in memory while the block runs: only a few are at once.

    Raises:
        PayloadTooLargeError: it has more than `most` bytes.
        ValidationFailedError: it is empty.
    """
    size = file.size or 0
    if size > most:
        raise PayloadTooLargeError(
            f"the document is larger than {most} bytes",
            field="file",
            constraint=f"must be at most {most} bytes",
            reason="BODY_TOO_LARGE",
        )
    if not size:
        raise ValidationFailedError(
            "the document is empty", field="file", constraint="must be non-empty", reason="FIELD_RULE"
        )
    async with context.uploads:
        yield await file.read()


def _ending(file: UploadFile) -> str:
    return PurePosixPath((file.filename or "").lower()).suffix


def _unreadable(field: str, rule: str) -> UnsupportedMediaTypeError:
    return UnsupportedMediaTypeError(
        "a document of this type cannot be read", field=field, constraint=rule, reason="DOCUMENT_TYPE"
    )
