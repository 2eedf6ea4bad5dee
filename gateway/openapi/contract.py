"""OpenAPI 3.0.3 from what FastAPI knows of a port's routes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import orjson
from fastapi.routing import APIRoute

from gateway.openapi.access import SCHEMES, add_access
from gateway.openapi.added import HEADERS, PARAMETERS, add_edge
from gateway.openapi.downgrade import downgrade
from gateway.openapi.shared import share_failures

Json: TypeAlias = dict[str, Any]

_FASTAPIS = frozenset({"HTTPValidationError", "ValidationError"})
"""The shape of the 422 that FastAPI documents everywhere and that we never send."""


def as_json(document: Json) -> bytes:
    """A document as JSON, indented as it is committed."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def contract(document: Json, *, routes: Sequence[APIRoute]) -> Json:
    """FastAPI's document in OpenAPI 3.0.3, with what the edge adds to every route.

    Args:
        document: as FastAPI makes it; changed in place.
        routes: the routes that it describes.
    """
    document["openapi"] = "3.0.3"
    _restore_examples(document, routes)
    operations = list(_operations(document))
    for operation in operations:
        _downgrade_operation(operation)
        add_access(operation)
        add_edge(operation)
    components = document["components"]
    components["schemas"] = {
        name: downgrade(schema) for name, schema in components["schemas"].items() if name not in _FASTAPIS
    }
    components |= {
        "headers": HEADERS,
        "parameters": PARAMETERS,
        "responses": share_failures(operations),
        "securitySchemes": SCHEMES,
    }
    document["tags"] = [{"name": it} for it in dict.fromkeys(it["tags"][0] for it in operations)]
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[Json]:
    for operations in document["paths"].values():
        yield from operations.values()


def _restore_examples(document: Mapping[str, Any], routes: Sequence[APIRoute]) -> None:
    """FastAPI drops every null from its document; in an example it belongs there."""
    for route in routes:
        for method in route.methods or ():
            responses = document["paths"][route.path][method.lower()]["responses"]
            for status, told in route.responses.items():
                for media_type, content in told.get("content", {}).items():
                    if "example" in content:
                        responses[str(status)]["content"][media_type]["example"] = content["example"]


def _downgrade_operation(operation: Json) -> None:
    operation["responses"].pop("422", None)
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = downgrade(_without_null(parameter["schema"]))
        parameter["schema"].pop("description", None)
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for content in (it for body in bodies for it in body.get("content", {}).values()):
        content["schema"] = downgrade(content["schema"])


def _without_null(schema: Json) -> Json:
    """A parameter that may be left out cannot be null."""
    branches = [it for it in schema.get("anyOf", ()) if it != {"type": "null"}]
    if len(branches) != 1:
        return schema
    others = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    return {**branches[0], **others}
