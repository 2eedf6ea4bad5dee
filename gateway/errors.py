"""OctoError -> HTTP: the status of each code, and the envelope. Nobody else in the gateway maps errors."""

import math
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from gateway.routing.json_answer import json_answer
from servicekit.errors import Code, OctoError

HTTP_STATUS: Mapping[Code, int] = {
    Code.VALIDATION_ERROR: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.TIMEOUT: 408,
    Code.CONFLICT: 409,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.RATE_LIMIT: 429,
    Code.HEADERS_TOO_LARGE: 431,
    Code.INTERNAL_ERROR: 500,
    # The caller is still there, so it was the service that let go of the call: it drains or restarts.
    Code.CANCELLED: 503,
    Code.SERVICE_UNAVAILABLE: 503,
}
"""The HTTP status of each code."""

CODE_OF_STATUS: Mapping[int, Code] = {
    status: code for code, status in HTTP_STATUS.items() if code is not Code.CANCELLED
}
"""The code that an error with this status carries."""

INTERNAL_MESSAGE = "an internal error occurred; the request id finds it in the logs"
"""What callers are told of a defect: never the exception's text."""

_RETRY_SECONDS = 1.0
_NAMES: Mapping[str, str] = {
    "labels": "metadata",
    "max_cost_micros": "max_cost_dollars",
    "statuses": "status",
    "priorities": "priority",
    "options": "checks",
    "wait_seconds": "wait",
    "after_sequence": "Last-Event-ID",
    "idempotency_key": "Idempotency-Key",
}
"""Fields that the protos name otherwise than the REST shapes."""


class MethodNotAllowedError(OctoError):
    """The path is known, not with this method."""

    code = Code.METHOD_NOT_ALLOWED


class UnsupportedMediaTypeError(OctoError):
    """The body is of a type or an encoding that the route does not read."""

    code = Code.UNSUPPORTED_MEDIA_TYPE


class HeadersTooLargeError(OctoError):
    """The header block is larger than the edge takes."""

    code = Code.HEADERS_TOO_LARGE


def error_answer(error: OctoError, *, request_id: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that tells an error.

    Args:
        error: what went wrong.
        request_id: the id of the request, for the body.
        headers: further response headers.
    """
    status = HTTP_STATUS[error.code]
    return json_answer(
        envelope(error, request_id=request_id),
        status=status,
        headers={**_headers(error, CODE_OF_STATUS[status]), **(headers or {})},
    )


def envelope(error: OctoError, *, request_id: str) -> dict[str, Any]:
    """The body that tells an error; a defect's text is not in it."""
    hidden = error.code is Code.INTERNAL_ERROR
    return {
        "error": {
            "code": CODE_OF_STATUS[HTTP_STATUS[error.code]].value,
            "message": INTERNAL_MESSAGE if hidden else error.message,
            "details": {} if hidden else _details(error),
            "request_id": request_id,
        }
    }


def rest_field(field: str) -> str:
    """A field path of the protos as the REST shapes name it, such as ``context.user[2]``."""
    path = field.removeprefix("spec.")
    return ".".join(_rest_name(part) for part in path.split("."))


def _rest_name(part: str) -> str:
    name, bracket, rest = part.partition("[")
    return _NAMES.get(name, name.removesuffix("_json")) + bracket + rest


def _details(error: OctoError) -> dict[str, Any]:
    details: dict[str, Any] = dict(error.metadata)
    if error.field:
        details["field"] = rest_field(error.field)
    if error.constraint:
        details["constraint"] = error.constraint
    return details


def _headers(error: OctoError, code: Code) -> dict[str, str]:
    headers: dict[str, str] = {}
    if code in {Code.RATE_LIMIT, Code.SERVICE_UNAVAILABLE}:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after or _RETRY_SECONDS)))
    if code is Code.METHOD_NOT_ALLOWED:
        headers["allow"] = error.metadata.get("allow", "")
    if code is Code.UNAUTHENTICATED:
        headers["www-authenticate"] = "Bearer"
    return headers
