"""Tools of an MCP server as capabilities: names that plans can use, descriptions and schemas in bounds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from arms.arm import Capability
from arms.declaration import CALLED_BY_NAME

MOST_TOOLS = 50
_LONGEST_NAME = 63
_LONGEST_DESCRIPTION = 1000
_LARGEST_SCHEMA = 65_536
_ANYTHING: dict[str, Any] = {"type": "object"}


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool as its server tells of it: untrusted.

    Attributes:
        name: as the server calls it.
        description: what it does; may be empty.
        input_schema: JSON Schema of its arguments.
        output_schema: JSON Schema of its structured output; None when it has none.
    """

    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None


def capabilities_of(tools: Sequence[Tool]) -> dict[str, tuple[Tool, Capability]]:
    """The first 50 tools by the names of their capabilities; who would share a name gets a number."""
    found: dict[str, tuple[Tool, Capability]] = {}
    for tool in tools[:MOST_TOOLS]:
        name = _free(normal_name(tool.name), taken=found.keys() | CALLED_BY_NAME)
        found[name] = (tool, _capability(tool, name=name))
    return found


def normal_name(name: str) -> str:
    """A tool's name as a capability's: "getWeather-v2" becomes "get_weather_v2"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    if not plain or not plain[0].isalpha():
        plain = f"tool_{plain}".rstrip("_")
    return plain[:_LONGEST_NAME].rstrip("_")


def _free(name: str, *, taken: "set[str]") -> str:
    number, free = 2, name
    while free in taken:
        free = f"{name[: _LONGEST_NAME - 4]}_{number}"
        number += 1
    return free


def _capability(tool: Tool, *, name: str) -> Capability:
    description = " ".join(tool.description.split()) or f"The tool {tool.name}."
    return Capability(
        name=name,
        description=description[:_LONGEST_DESCRIPTION],
        arguments=_bounded(tool.input_schema) or _ANYTHING,
        output=_bounded(tool.output_schema) if tool.output_schema else None,
    )


def _bounded(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The schema, unless it is larger than the register takes."""
    return schema if len(orjson.dumps(schema)) <= _LARGEST_SCHEMA else None
