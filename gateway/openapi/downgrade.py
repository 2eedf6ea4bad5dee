"""JSON Schema 2020-12, as pydantic writes it, to what OpenAPI 3.0.3 understands."""

from collections.abc import Mapping
from typing import Any, cast

_DROPPED = frozenset(
    {"$defs", "$schema", "propertyNames", "patternProperties", "contentMediaType", "contentEncoding"}
)
"""Keywords that 3.0 has no word for and that only narrow what the server checks anyway."""


def downgrade(schema: Any) -> Any:
    """The same schema in the dialect of OpenAPI 3.0.3.

    ``null`` becomes ``nullable``, ``const`` an enum of one, ``examples`` the first of them, exclusive bounds
    flags, tuples arrays, binary content a format, and a reference with neighbours an ``allOf``, because 3.0
    ignores the neighbours. Titles that pydantic derives from names are left out.
    """
    if isinstance(schema, list):
        return [downgrade(child) for child in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    given = cast("dict[str, Any]", schema)
    out: dict[str, Any] = {key: _child(key, value) for key, value in given.items() if key not in _DROPPED}
    if given.get("contentMediaType") == "application/octet-stream":
        out["format"] = "binary"
    if isinstance(out.get("title"), str):
        del out["title"]
    for rewrite in (_null, _types, _const, _examples, _exclusive, _tuple, _reference):
        out = rewrite(out)
    return out


def _child(key: str, value: Any) -> Any:
    if key in {"default", "example", "examples", "enum", "const", "required"}:
        return value
    if key == "properties":
        return {name: downgrade(child) for name, child in value.items()}
    return downgrade(value)


def _null(schema: dict[str, Any]) -> dict[str, Any]:
    for key in ("anyOf", "oneOf"):
        branches = schema.get(key)
        if not branches or not any(_is_null(branch) for branch in branches):
            continue
        rest = [branch for branch in branches if not _is_null(branch)]
        others = {name: value for name, value in schema.items() if name != key}
        if len(rest) > 1:
            return {**others, key: rest, "nullable": True}
        if "$ref" in rest[0]:
            return {**others, "allOf": rest, "nullable": True}
        return {**rest[0], **others, "nullable": True}
    return schema


def _is_null(schema: Mapping[str, Any]) -> bool:
    return schema == {"type": "null"}


def _types(schema: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(schema.get("type"), list):
        return schema
    types: list[str] = schema["type"]
    rest = [name for name in types if name != "null"]
    others = {name: value for name, value in schema.items() if name != "type"}
    if len(rest) < len(types):
        others["nullable"] = True
    return (
        {**others, "type": rest[0]} if len(rest) == 1 else {**others, "anyOf": [{"type": it} for it in rest]}
    )


def _const(schema: dict[str, Any]) -> dict[str, Any]:
    if "const" not in schema:
        return schema
    return {name: value for name, value in schema.items() if name != "const"} | {"enum": [schema["const"]]}


def _examples(schema: dict[str, Any]) -> dict[str, Any]:
    examples = schema.get("examples")
    if not isinstance(examples, list) or not examples:
        return schema
    return {name: value for name, value in schema.items() if name != "examples"} | {"example": examples[0]}


def _exclusive(schema: dict[str, Any]) -> dict[str, Any]:
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        value = schema.get(flag)
        if isinstance(value, int | float) and not isinstance(value, bool):
            schema = {**schema, bound: value, flag: True}
    return schema


def _tuple(schema: dict[str, Any]) -> dict[str, Any]:
    items = schema.get("prefixItems")
    if items is None:
        return schema
    others = {name: value for name, value in schema.items() if name not in {"prefixItems", "items"}}
    return {**others, "items": {"anyOf": items}, "minItems": len(items), "maxItems": len(items)}


def _reference(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema or len(schema) == 1:
        return schema
    others = {name: value for name, value in schema.items() if name != "$ref"}
    return {"allOf": [{"$ref": schema["$ref"]}], **others}
