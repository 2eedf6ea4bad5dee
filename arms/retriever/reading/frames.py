"""What the service and its reading processes say to each other: frames with their length in front."""

import struct
from collections.abc import Sequence
from typing import Any, BinaryIO

import orjson

from arms.retriever.documents import Chunk
from servicekit.errors import InternalError, ValidationFailedError

LENGTH = struct.Struct(">I")

MAX_ANSWER = 512 * 1024 * 1024
"""Bytes of an answer at most: overlap and JSON's escapes make it larger than the text."""

HELLO = b"ready"
"""A worker's first frame: it has imported all it needs."""


def read_frame(stream: BinaryIO) -> bytes | None:
    """Wait for a frame; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    frame = stream.read(length)
    return frame if len(frame) == length else None


def write_frame(stream: BinaryIO, frame: bytes) -> None:
    """Send a frame."""
    stream.write(LENGTH.pack(len(frame)))
    stream.write(frame)
    stream.flush()


def encode_chunks(chunks: Sequence[Chunk]) -> bytes:
    """The answer to a document that could be read."""
    return orjson.dumps({"chunks": [(chunk.text, chunk.start, chunk.end, chunk.section) for chunk in chunks]})


def encode_refusal(error: ValidationFailedError) -> bytes:
    """The answer to a document that could not."""
    return orjson.dumps(
        {"refused": {"message": error.message, "constraint": error.constraint, "reason": error.reason}}
    )


def decode_answer(frame: bytes) -> list[Chunk]:
    """Read an answer.

    Raises:
        ValidationFailedError: the document could not be read.
        InternalError: the worker answered something else.
    """
    answer: dict[str, Any] = orjson.loads(frame)
    if refused := answer.get("refused"):
        raise ValidationFailedError(
            str(refused["message"]),
            field="content",
            constraint=refused["constraint"],
            reason=refused["reason"],
        )
    if "chunks" not in answer:
        raise InternalError("a reading process answered neither chunks nor a refusal")
    return [
        Chunk(text=text, start=start, end=end, section=section)
        for text, start, end, section in answer["chunks"]
    ]
