"""What all REST shapes share: strictness, ids, times."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

TASK_ID_PATTERN = "^task_[a-zA-Z0-9]{16}$"
ARM_ID_PATTERN = "^[a-z][a-z0-9-]{0,62}$"
CACHE_KEY_PATTERN = "^[A-Za-z0-9:_-][A-Za-z0-9:_.-]{0,199}$"
"""No dot at the beginning: a path that ends in "." or ".." is another path."""
IDEMPOTENCY_KEY_PATTERN = "^[!-~]{1,255}$"


DOCUMENT_ID_PATTERN = "^doc_[a-zA-Z0-9]{16}$"


class Sent(BaseModel):
    """Something that a caller sends: unknown fields are refused, and "1" is not 1."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SentInQuery(BaseModel):
    """Query parameters: all text, so "1" is 1 here; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Told(BaseModel):
    """Something that a caller reads. `gateway.convert` makes it; this describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Instant = Annotated[
    datetime,
    WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-11-23T09:30:00.000000Z"}),
]
"""A point in time, RFC 3339 in UTC."""

TaskId = Annotated[str, Field(pattern=TASK_ID_PATTERN, examples=["task_4fGh7Jk2Lm9Qr1Xz"])]
"""The id of a task."""

_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


def _integer(value: Any) -> Any:
    """Only digits: pydantic would take " 1_0.0 " as well."""
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        raise PydanticCustomError("int_parsing", "must be an integer")
    return value


def _truth(value: Any) -> Any:
    """Only true and false: pydantic would take "on" and "y" as well."""
    if isinstance(value, str) and value not in {"true", "false"}:
        raise PydanticCustomError("bool_parsing", "must be true or false")
    return value


def _instant(value: Any) -> Any:
    """Only RFC 3339: pydantic would take a number of seconds as well. A point in time is kept in UTC."""
    if not isinstance(value, str):
        return value
    refusal = PydanticCustomError("datetime_parsing", "must be a time as in RFC 3339")
    if not _RFC_3339.fullmatch(value):
        raise refusal
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise refusal from None


QueryInteger = Annotated[int, BeforeValidator(_integer)]
"""An integer as a query parameter."""

QueryTruth = Annotated[bool, BeforeValidator(_truth)]
"""true or false as a query parameter."""

QueryInstant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point in time with its offset, as a query parameter."""


def at_most_bytes(most: int) -> AfterValidator:
    """What holds a text to so many bytes in UTF-8, beside a `max_length` in characters for the schema."""

    def fits(value: str) -> str:
        # A character has four bytes at most, so that most texts need not be encoded to know.
        if len(value) * 4 > most and len(value.encode()) > most:
            raise PydanticCustomError("too_many_bytes", "must have at most {most} bytes", {"most": most})
        return value

    return AfterValidator(fits)
