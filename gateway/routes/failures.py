"""The errors that routes may answer with, in the form of FastAPI's `responses`, each with its example."""

from collections.abc import Mapping
from typing import Any

from gateway.auth.refusal import MESSAGE
from gateway.errors import CODE_OF_STATUS, INTERNAL_MESSAGE
from gateway.routes.examples import REQUEST_ID
from gateway.routes.told import Responses
from gateway.schemas.errors import ErrorEnvelope

ALWAYS = (400, 408, 429, 431, 500, 503)
"""What any route may answer."""

WITH_BODY = (413, 415)
"""What a route that reads a body may answer as well."""

OF_ARMS = (403, 404, 409, *WITH_BODY)
"""What a route that lets an arm work may answer as well."""

_WORDS: Mapping[int, tuple[str, str, Mapping[str, str]]] = {
    400: (
        "The request breaks a rule.",
        "budget.max_tokens must be at most 1000000",
        {"field": "budget.max_tokens", "constraint": "must be at most 1000000"},
    ),
    401: ("Who is calling is not known.", MESSAGE, {}),
    403: ("The caller may not do this.", "the scope task:submit is needed", {"scope": "task:submit"}),
    404: ("There is no such object, or it is somebody else's.", "there is no such object", {}),
    408: ("The time was up.", "the deadline passed before the answer came", {}),
    409: ("The object's state does not allow this.", "the task has completed and cannot be cancelled", {}),
    413: (
        "The body is too large.",
        "the body is larger than the 1048576 bytes that this route takes",
        {"constraint": "must be at most 1048576 bytes"},
    ),
    415: (
        "The body is of a type or an encoding that is not read here.",
        "this route reads JSON",
        {"field": "Content-Type", "constraint": "must be application/json"},
    ),
    429: ("Too many requests, or a full queue.", "too many requests; try again in 12 s", {}),
    431: ("The head of the request is too large.", "the head of the request is larger than 32768 bytes", {}),
    500: ("A defect of ours.", INTERNAL_MESSAGE, {}),
    503: ("A service that is needed is down.", "the orchestrator cannot be reached; try again shortly", {}),
}
"""By status: when it comes, an example's message and its details."""

_RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}


def failures(*statuses: int) -> Responses:
    """Errors, each with the envelope and an example."""
    return {status: _failure(status) for status in statuses}


def _failure(status: int) -> dict[str, Any]:
    description, message, details = _WORDS[status]
    code = CODE_OF_STATUS[status].value
    example = {"error": {"code": code, "message": message, "details": details, "request_id": REQUEST_ID}}
    return {
        "model": ErrorEnvelope,
        "description": description,
        "headers": _RETRY if status in {429, 503} else {},
        "content": {"application/json": {"example": example}},
    }
