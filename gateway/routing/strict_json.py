"""JSON read strictly: exact numbers, no duplicate keys, nothing that other parsers take otherwise."""

import json
from collections.abc import Iterable
from typing import Any, cast

import orjson

from servicekit.errors import ValidationFailedError

MAX_DEPTH = 32
"""How deeply arrays and objects may be nested."""


def parse_json(text: bytes) -> Any:
    """Parse a request body.

    orjson looks first: it refuses NaN, Infinity, numbers beyond a double, lone surrogates, byte order marks,
    anything but UTF-8. The standard library then reads what passed: it keeps integers of any length exact
    and shows duplicate keys.

    Raises:
        ValidationFailedError: when it is not JSON by these rules.
    """
    if not text:
        raise ValidationFailedError(
            "a JSON body is needed", constraint="must not be empty", reason="MALFORMED_JSON"
        )
    try:
        first = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValidationFailedError(
            f"the body is not valid JSON: {error}",
            constraint="must be valid JSON in UTF-8",
            reason="MALFORMED_JSON",
        ) from None
    if depth(first, limit=MAX_DEPTH) > MAX_DEPTH:
        raise ValidationFailedError(
            f"the body is nested more than {MAX_DEPTH} levels deep",
            constraint=f"must be nested at most {MAX_DEPTH} levels deep",
            reason="MALFORMED_JSON",
        )
    if b"\\u0000" in text and _holds_nul(first):
        raise ValidationFailedError(
            "the body holds the character U+0000", constraint="must not hold U+0000", reason="MALFORMED_JSON"
        )
    return json.loads(text, object_pairs_hook=_unique)


def depth(value: Any, *, limit: int) -> int:
    """How deeply a value is nested: 0 for a scalar, 1 for ``{}``; at most `limit` + 1."""
    if not isinstance(value, dict | list) or limit < 0:
        return 0
    return 1 + max((depth(child, limit=limit - 1) for child in _children(value)), default=0)


def compact(value: Any) -> str:
    """A value as JSON text, integers of any length exact."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _children(value: Any) -> Iterable[Any]:
    return cast("dict[str, Any]", value).values() if isinstance(value, dict) else value


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if not isinstance(value, dict | list):
        return False
    names = cast("dict[str, Any]", value) if isinstance(value, dict) else ()
    return any(map(_holds_nul, names)) or any(map(_holds_nul, _children(value)))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValidationFailedError(
            "the body gives a field twice",
            field=twice[:200],
            constraint="must be given once",
            reason="MALFORMED_JSON",
        )
    return content
