"""Finds examples in a specification that are tests already: "add(1, 2) returns 3"."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

MOST = 20
LONGEST = 500
"""Characters of a call, and of its value."""

_START = re.compile(r"(?<![\w.])[A-Za-z_]\w*\(")
_GIVES = re.compile(
    r"`?\s*(?:(?:must|should|shall|will)\s+(?:return|give|be|equal|yield)\s+|returns?\s+|gives?\s+|equals?\s+|"
    r"yields?\s+|is\s+|evaluates?\s+to\s+|results?\s+in\s+|=>|={1,3}|->|\u2192)\s*`?",
    re.IGNORECASE,
)
_DOCTEST = re.compile(r"^\s*>>> (?P<call>[A-Za-z_]\w*\(.*\))\s*\n\s*(?P<value>\S.*)$", re.MULTILINE)
_GOES_ON = re.compile(
    r"\s*(?:$|[.,;:!)\]`#]|(?:and|but|because|since|when|while|as|whereas|if|for|//|--)(?!\w))", re.IGNORECASE
)
"""What may follow a value: "returns 3 items" is no 3, and "1 or 2" neither of both."""

_WORDS = (("true", "True"), ("false", "False"), ("null", "None"), ("undefined", "None"))


def examples_in(texts: Iterable[str]) -> tuple[str, ...]:
    """The examples of texts as Python asserts, each once.

    Only calls of a name with literals, and only a literal as their value: what is left open is no example.
    """
    found: dict[str, None] = {}
    for text in texts:
        for call, value in (*_doctests(text), *_sentences(text)):
            found.setdefault(f"assert {call} == {value}")
    return tuple(found)[:MOST]


def edges_of(examples: Iterable[str]) -> tuple[str, ...]:
    """Python statements that call what examples call, with nothing where they have a text, a list or a dict.

    It may be refused with a ValueError; any other exception is a defect that small models often make.
    """
    found: dict[str, str] = {}
    known = {example.removeprefix("assert ").split(" == ", maxsplit=1)[0] for example in examples}
    for call in sorted(known):
        tree = ast.parse(call, mode="eval").body
        assert isinstance(tree, ast.Call)  # noqa: S101 - `examples_in` made it
        values = [ast.literal_eval(argument) for argument in tree.args]
        place = next((n for n, value in enumerate(values) if value and isinstance(value, _SIZED)), None)
        if place is not None:
            values[place] = type(values[place])()
            name = ast.unparse(tree.func)
            edge = f"{name}({', '.join(map(repr, values))})"
            found.setdefault(name, f"try:\n    {edge}\nexcept ValueError:\n    pass")
    return tuple(found.values())


_SIZED = (str, list, tuple, dict)


def as_javascript(example: str) -> str:
    """An assert of `examples_in` as JavaScript."""
    call, value = example.removeprefix("assert ").split(" == ", maxsplit=1)
    tree = ast.parse(call, mode="eval").body
    assert isinstance(tree, ast.Call)  # noqa: S101 - `examples_in` made it
    given = ", ".join(_javascript(ast.literal_eval(argument)) for argument in tree.args)
    return (
        f"assert.deepStrictEqual({ast.unparse(tree.func)}({given}), {_javascript(ast.literal_eval(value))});"
    )


def _javascript(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _doctests(text: str) -> Iterator[tuple[str, str]]:
    for match in _DOCTEST.finditer(text):
        call, value = _closed_call(match["call"]), _literal(match["value"].strip())
        if call and value and call == match["call"].strip():
            yield call, value


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    for start in (match.start() for match in _START.finditer(text)):
        call = _closed_call(text[start : start + LONGEST])
        after = text[start + len(call) :]
        words = _GIVES.match(after) if call else None
        value = _first_literal(after[words.end() :]) if words else ""
        if value:
            yield call, value


def _closed_call(text: str) -> str:
    """The call that a text begins with, when its arguments are literals; else empty."""
    for end in (index + 1 for index, character in enumerate(text) if character == ")"):
        try:
            tree = ast.parse(text[:end], mode="eval").body
        except (SyntaxError, ValueError):
            continue
        literals = isinstance(tree, ast.Call) and not tree.keywords and all(map(_is_literal, tree.args))
        return text[:end] if literals else ""
    return ""


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _first_literal(text: str) -> str:
    """The literal that a text begins with, when nothing after it changes its sense."""
    line = text.split("\n", maxsplit=1)[0][:LONGEST]
    for word, python in _WORDS:
        line = re.sub(rf"\b{word}\b", python, line)
    for end in range(len(line), 0, -1):
        if _GOES_ON.match(line[end:]) and (value := _literal(line[:end].strip())):
            return value
    return ""


def _literal(text: str) -> str:
    """A literal in Python's own writing; empty when it is none."""
    if text.endswith((",", ".")):
        return ""
    try:
        value: Any = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ""
    bare_tuple = isinstance(value, tuple) and not text.startswith("(")
    return "" if value is ... or bare_tuple else repr(cast("object", value))
