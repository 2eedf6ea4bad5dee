"""The shapes of a set of routes as components, and references to them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.openapi.downgrade import downgrade
from gateway.routing.route import AnyRoute
from gateway.schemas.errors import ErrorEnvelope
from gateway.schemas.steps import TaskEvent

_Use: TypeAlias = tuple[type[BaseModel], Literal["validation", "serialization"]]
_TEMPLATE = "#/components/schemas/{model}"


def components(routes: Sequence[AnyRoute]) -> dict[str, Any]:
    """The schemas of all bodies of these routes, by name."""
    models: list[_Use] = [(ErrorEnvelope, "serialization")]
    for route in routes:
        if route.body is not None:
            models.append((route.body, "validation"))
        shapes = [told.shape for told in route.told.values() if told.shape is not None]
        models.extend((shape, "serialization") for shape in shapes)
        if route.streams:
            models.append((TaskEvent, "serialization"))
    _, definitions = models_json_schema(list(dict.fromkeys(models)), ref_template=_TEMPLATE)
    return {name: downgrade(schema) for name, schema in sorted(definitions.get("$defs", {}).items())}


def reference(model: type[BaseModel]) -> Mapping[str, str]:
    """A reference to a component."""
    return {"$ref": _TEMPLATE.format(model=model.__name__)}


def query_parameters(model: type[BaseModel]) -> Iterable[dict[str, Any]]:
    """The query parameters that a model describes; a list is a parameter that may be repeated."""
    schema = model.model_json_schema()
    for name, found in schema.get("properties", {}).items():
        told = downgrade(_without_null(found))
        description = told.pop("description", "")
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": description,
            "schema": told,
        }


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A parameter that may be left out cannot be null."""
    branches = [it for it in schema.get("anyOf", ()) if it != {"type": "null"}]
    if len(branches) != 1:
        return schema
    others = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    return {**branches[0], **others}
