"""JSON Schema for values and schemas that strangers wrote: linear-time patterns, no look-ups elsewhere."""

from collections.abc import Iterator
from typing import Any, cast

import jsonschema
import re2
import referencing
from jsonschema.exceptions import SchemaError, ValidationError
from referencing.exceptions import Unresolvable

_RE2: Any = re2  # the package carries no types


def schema_violation(value: object, *, schema: object) -> str | None:
    """Hold a value against a JSON Schema (2020-12).

    Returns:
        What is wrong, an empty string when nothing is, None when the schema itself cannot be used.
    """
    registry: Any = cast("Any", referencing).Registry()
    checker: Any = _Validator(cast("Any", schema), registry=registry)
    try:
        _Validator.check_schema(cast("Any", schema))
        first: ValidationError | None = next(iter(checker.iter_errors(value)), None)
    except (SchemaError, Unresolvable, _RE2.error, RecursionError):
        return None
    if first is None:
        return ""
    return f"At {first.json_path}: {first.message[:200]}"


def _pattern(_validator: object, pattern: str, value: object, _schema: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _RE2.search(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _no_pattern_properties(*_: object) -> Iterator[ValidationError]:
    """Names by pattern would need the same care in three places; a schema with them is not decided here."""
    raise Unresolvable(ref="patternProperties")


_Validator: Any = cast("Any", jsonschema).validators.extend(
    jsonschema.Draft202012Validator,
    {"pattern": _pattern, "patternProperties": _no_pattern_properties},
)
