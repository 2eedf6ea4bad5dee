"""What routes answer when all goes well, in the form of FastAPI's `responses`."""

from collections.abc import Mapping
from typing import Any

Responses = dict[int | str, dict[str, Any]]
"""By status, what FastAPI puts into the contract."""

TEXT = {"type": "string"}
ETAG = {"ETag": "Changes whenever the task does."}


def told(
    status: int, description: str, *, example: Any = None, headers: Mapping[str, str] | None = None
) -> Responses:
    """An answer in JSON, whose shape is the route's `response_model`, or one without a body.

    Args:
        status: with which status.
        description: when it comes.
        example: a body.
        headers: further response headers with their descriptions.
    """
    response: dict[str, Any] = {"description": description}
    if headers:
        response["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
        }
    if example is not None:
        response["content"] = {"application/json": {"example": example}}
    return {status: response}


def told_as(
    *media_types: str, description: str, example: str | None = None, schema: Mapping[str, str] = TEXT
) -> Responses:
    """An answer whose body is of one of these types; the route's `response_class` is Response.

    Args:
        media_types: what the body may be.
        description: when it comes.
        example: a body.
        schema: of the body.
    """
    content: dict[str, Any] = {"schema": dict(schema)}
    if example is not None:
        content["example"] = example
    return {200: {"description": description, "content": dict.fromkeys(media_types, content)}}
