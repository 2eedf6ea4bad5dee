"""A short piece of Python, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Expression:
    """What to evaluate.

    Attributes:
        source: an expression, or statements with an expression at the end.
        inputs: values that it finds defined, by name.
    """

    source: str
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much one evaluation may use.

    Attributes:
        seconds: of the interpreter's time.
        memory_bytes: of its heap.
    """

    seconds: float = 1.0
    memory_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What came out.

    Attributes:
        value: as JSON; what JSON does not know as its repr.
        output: what it printed, as pairs of "stdout" or "stderr" and text.
    """

    value: str
    output: tuple[tuple[str, str], ...]


class NotEvaluatedError(Exception):
    """The small interpreter did not evaluate it: Python in the sandbox has the last word."""
