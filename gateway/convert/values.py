"""Single values: times, JSON texts, money, enums."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from servicekit.errors import InternalError

MICROS = 1_000_000
"""Micro-dollars in a dollar."""

EMPTY_OBJECT: Mapping[str, Any] = {}


def instant(moment: Timestamp) -> str:
    """RFC 3339 in UTC with microseconds, such as ``2026-11-23T09:30:00.000000Z``."""
    whole = datetime.fromtimestamp(moment.seconds, UTC).isoformat()
    return f"{whole[:19]}.{moment.nanos // 1000:06d}Z"


def instant_now() -> str:
    """This moment, in the same format."""
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def instant_of(message: Message, field: str) -> str | None:
    """The time in a field, None where it is absent."""
    return instant(getattr(message, field)) if message.HasField(field) else None


def raw_json(text: str, *, empty: Any = None) -> Any:
    """A JSON text as it is, so that no number in it changes; `empty` for an empty text."""
    return orjson.Fragment(text) if text else empty


def checked_json(text: str) -> Any:
    """A JSON text from an arm, as it is; None for an empty one.

    Raises:
        InternalError: it is no JSON, and an answer that holds it would be none either.
    """
    try:
        orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        raise InternalError("an arm answered JSON that is none", reason="ARM_ANSWER_MALFORMED") from None
    return raw_json(text)


def dollars(micros: int) -> float:
    """Millionths of a dollar as dollars."""
    return micros / MICROS


def names(enum: EnumDescriptor, *, prefix: str) -> dict[int, str]:
    """An enum's values as REST names them: ``TASK_STATUS_QUEUED`` is ``queued``; zero has no name."""
    return {
        value.number: value.name.removeprefix(prefix).lower() for value in enum.values if value.number != 0
    }


def numbers(enum: EnumDescriptor, *, prefix: str) -> dict[str, int]:
    """The other way round."""
    return {name: number for number, name in names(enum, prefix=prefix).items()}
