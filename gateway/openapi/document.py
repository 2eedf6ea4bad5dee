"""One OpenAPI 3.0.3 document a port, made from the routes that it serves."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gateway.openapi.failures import failure_components, failures_of
from gateway.openapi.shapes import components, query_parameters, reference
from gateway.routes.parameters import PATH_PARAMETERS
from gateway.routing.route import AnyRoute, Told
from servicekit.version import octollm_version

_REQUEST_ID = {"$ref": "#/components/headers/RequestId"}
_RATES: Mapping[str, str] = {
    "RateLimit-Policy": "What is allowed: `q` requests in `w` seconds.",
    "RateLimit": "What is left: `r` requests, and `t` seconds until the oldest stops counting.",
    "X-RateLimit-Limit": "Requests a minute.",
    "X-RateLimit-Remaining": "Requests left now.",
    "X-RateLimit-Reset": "Seconds until the oldest request stops counting.",
}
"""Headers of every answer of a route that is rate-limited, while limits are on."""

_RATE_HEADERS = {name: {"$ref": f"#/components/headers/{name}"} for name in _RATES}
_ABOUT: Mapping[str, str] = {
    "gateway": "Submit a goal with a budget, follow how it is worked on, read the checked result.",
    "reflex": "Check texts for personal data, secrets and injections; keep values in the cache.",
}


def contract(door: str, routes: Sequence[AnyRoute]) -> bytes:
    """The document of one port as JSON, indented as it is committed."""
    return orjson.dumps(document(door, routes), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def document(door: str, routes: Sequence[AnyRoute]) -> dict[str, Any]:
    """The document of one port."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": f"OctoLLM {door}",
            "version": octollm_version(),
            "description": _ABOUT.get(door, f"What the {door} arm offers."),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": [{"url": "/", "description": "The port that serves this document."}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": components(routes),
            "headers": {
                **{name: {"description": it, "schema": {"type": "string"}} for name, it in _RATES.items()},
                "RequestId": {
                    "description": "The caller's X-Request-ID when it was well formed, else a new one.",
                    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
                },
            },
            "parameters": {
                "RequestId": {
                    "name": "X-Request-ID",
                    "in": "header",
                    "description": "For tracing; what does not match `^[A-Za-z0-9._-]{1,64}$` is replaced.",
                    "schema": {"type": "string"},
                }
            },
            "responses": failure_components(_REQUEST_ID),
        },
    }


def _operation(route: AnyRoute) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "description": _paragraphs(route.handler.__doc__ or ""),
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *query_parameters(route.query), *_header_parameters(route)],
        "responses": {
            **{str(status): _response(told, limited=route.limited) for status, told in route.told.items()},
            **failures_of(route),
        },
    }
    if route.body is not None:
        content: dict[str, Any] = {"schema": reference(route.body)}
        if route.body_example is not None:
            content["example"] = route.body_example
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _path_parameters(route: AnyRoute) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_PARAMETERS[name].description,
            "schema": {"type": "string", "pattern": PATH_PARAMETERS[name].pattern},
            "example": PATH_PARAMETERS[name].example,
        }
        for name in names
    ]


def _header_parameters(route: AnyRoute) -> list[dict[str, Any]]:
    own = [
        {
            "name": it.name,
            "in": "header",
            "required": False,
            "description": it.description,
            "schema": it.schema,
        }
        for it in route.headers
    ]
    return [*own, {"$ref": "#/components/parameters/RequestId"}]


def _response(told: Told, *, limited: bool) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-ID": _REQUEST_ID, **(_RATE_HEADERS if limited else {})}
    for name, description in told.headers.items():
        headers[name] = {"description": description, "schema": {"type": "string"}}
    response: dict[str, Any] = {"description": told.description, "headers": headers}
    schemas = {name: {"schema": _plain(name)} for name in told.media_types}
    if told.shape is not None:
        schemas = {"application/json": {"schema": reference(told.shape)}}
    if told.example is not None:
        for content in schemas.values():
            content["example"] = told.example
    return {**response, "content": schemas} if schemas else response


def _plain(media_type: str) -> dict[str, str]:
    if media_type == "text/event-stream":  # a text as a whole, an object each event: tools read it either way
        return {"description": "Events as `id`, `event` and `data`, a TaskEvent as JSON."}
    return {"type": "object"} if media_type == "application/json" else {"type": "string"}


def _paragraphs(docstring: str) -> str:
    """A docstring without its indentation, each paragraph on one line."""
    blocks = docstring.strip().split("\n\n")
    return "\n\n".join(" ".join(line.strip() for line in block.splitlines()) for block in blocks)
