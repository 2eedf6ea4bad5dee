"""The error responses of the contract: one component a status, each with its example."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import CODE_OF_STATUS, INTERNAL_MESSAGE
from gateway.openapi.shapes import reference
from gateway.routes.examples import REQUEST_ID
from gateway.routing.route import AnyRoute
from gateway.schemas.errors import ErrorEnvelope

ALWAYS = (400, 408, 429, 431, 500, 503)
"""What any route may answer."""

WITH_BODY = (413, 415)
"""What a route that reads a body may answer as well."""

_WORDS: Mapping[int, tuple[str, str, Mapping[str, str]]] = {
    400: (
        "The request breaks a rule.",
        "budget.max_tokens must be at most 1000000",
        {"field": "budget.max_tokens", "constraint": "must be at most 1000000"},
    ),
    401: ("Who is calling is not known.", "valid credentials are needed", {}),
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


def failure_components(request_id_header: Mapping[str, Any]) -> dict[str, Any]:
    """All error responses by name."""
    return {_name(status): _response(status, request_id_header) for status in _WORDS}


def failures_of(route: AnyRoute) -> dict[str, Any]:
    """The error responses of one route, by status."""
    statuses: Sequence[int] = (*ALWAYS, *(WITH_BODY if route.body is not None else ()), *route.errors)
    return {
        str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in sorted(set(statuses))
    }


def _name(status: int) -> str:
    return "".join(part.capitalize() for part in CODE_OF_STATUS[status].value.split("_"))


def _response(status: int, request_id_header: Mapping[str, Any]) -> dict[str, Any]:
    description, message, details = _WORDS[status]
    code = CODE_OF_STATUS[status].value
    example = {"error": {"code": code, "message": message, "details": details, "request_id": REQUEST_ID}}
    headers = {"X-Request-ID": request_id_header, **(_RETRY if status in {429, 503} else {})}
    return {
        "description": description,
        "headers": headers,
        "content": {"application/json": {"schema": reference(ErrorEnvelope), "example": example}},
    }
