"""Broken rules of the REST shapes in the caller's words: pydantic's findings become one error."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from servicekit.errors import ValidationFailedError

_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "must be given",
    "extra_forbidden": lambda _: "is not known here",
    "string_type": lambda _: "must be a string",
    "string_too_short": lambda it: _at_least(it["min_length"], "character"),
    "string_too_long": lambda it: _at_most(it["max_length"], "character"),
    "string_pattern_mismatch": lambda it: f"must match {it['pattern']}",
    "int_type": lambda _: "must be an integer",
    "int_parsing": lambda _: "must be an integer",
    "int_parsing_size": lambda _: "must be an integer of a sensible size",
    "int_from_float": lambda _: "must be an integer",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "finite_number": lambda _: "must be finite",
    "bool_type": lambda _: "must be true or false",
    "bool_parsing": lambda _: "must be true or false",
    "greater_than_equal": lambda it: f"must be at least {it['ge']:g}",
    "less_than_equal": lambda it: f"must be at most {it['le']:.15g}",
    "list_type": lambda _: "must be an array",
    "dict_type": lambda _: "must be an object",
    "model_type": lambda _: "must be an object",
    "model_attributes_type": lambda _: "must be an object",
    "too_long": lambda it: _at_most(it["max_length"], "item"),
    "too_short": lambda it: _at_least(it["min_length"], "item"),
    "literal_error": lambda it: f"must be one of {it['expected'].replace(' or ', ', ').replace(chr(39), '')}",
    "datetime_parsing": lambda _: "must be a time as in RFC 3339",
    "datetime_from_date_parsing": lambda _: "must be a time as in RFC 3339",
    "datetime_type": lambda _: "must be a time as in RFC 3339",
    "timezone_aware": lambda _: "must carry an offset, such as Z",
}
"""By pydantic's error type, the rule as a caller should read it."""


def refused(found: Sequence[Mapping[str, Any]]) -> ValidationFailedError:
    """The error that tells the first broken rule, and how many more there are.

    Args:
        found: pydantic's findings; FastAPI begins each location with `body`, `query` and the like.
    """
    first = found[0]
    words = _WORDS.get(first["type"])
    rule = words(first.get("ctx", {})) if words else first["msg"]
    field = json_path(first["loc"][1:])
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return ValidationFailedError(
        f"{field or 'the body'} {rule}{more}", field=field or None, constraint=rule, reason="FIELD_RULE"
    )


def json_path(location: Sequence[int | str]) -> str:
    """A pydantic location as a JSON path, such as ``acceptance_criteria[2]``, cut at 200 characters."""
    parts: list[str] = []
    for element in location:
        if isinstance(element, int):
            parts.append(f"[{element}]")
        elif element != "[key]":
            parts.append(("." if parts else "") + element)
    return "".join(parts)[:200]


def _at_least(number: int, what: str) -> str:
    return "must be non-empty" if number == 1 else f"must have at least {number} {what}s"


def _at_most(number: int, what: str) -> str:
    return f"must have at most {number} {what}s"
