"""The error envelope, the same from every layer and on every port."""

from typing import Any

from pydantic import Field

from gateway.schemas.base import Told
from servicekit.errors import Code

CODES = sorted(code.value for code in Code if code is not Code.CANCELLED)
"""The codes that callers can meet; a cancelled call has nobody left to read it."""


class ErrorBody(Told):
    """What went wrong, for people and for programs."""

    code: str = Field(json_schema_extra={"enum": [*CODES]}, description="What kind of failure it is.")
    message: str = Field(description="For people: what failed and what to do.")
    details: dict[str, Any] = Field(
        description="`field`: JSON path of the field; `constraint`: its rule. Empty where nothing is to say.",
    )
    request_id: str = Field(description="The X-Request-ID of this request.")


class ErrorEnvelope(Told):
    """Every error has this shape."""

    error: ErrorBody
