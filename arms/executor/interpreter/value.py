"""Runs inside, beside whatever evaluates: writes the value of an expression as JSON."""

import json


def as_json(value: object) -> str:
    """Write a value as JSON; what JSON does not know as its repr."""
    try:
        return json.dumps(value, default=repr, allow_nan=False)
    except (TypeError, ValueError, RecursionError):  # odd keys, not a number, a circle
        return json.dumps(repr(value))
