"""The texts of a task's spec and where they stand, and the spec with some of them replaced.

The context's numbers keep the text they were written with, so that redacting one leaf changes no other.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

from orchestrator.model.task import TaskSpec
from servicekit.errors import ValidationFailedError

MAX_CONTEXT_DEPTH = 8
"""Levels of the context's JSON."""

_LONG_NUMBER = 9
"""Digits from which a number may be a card or an account, and is checked as text."""

_PATH_CHARACTERS = 500

Json: TypeAlias = Any


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a text stands.

    Attributes:
        path: names and indexes from the top of the request.
        key: whether it is the last name itself, not the value under it.
    """

    path: tuple[str | int, ...]
    key: bool = False

    def __str__(self) -> str:
        """The JSON path, such as ``context.items[0]``."""
        text = ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text[:_PATH_CHARACTERS]

    def below(self, part: str | int, *, key: bool = False) -> "Place":
        """A place one level down."""
        return Place(path=(*self.path, part), key=key)


_CONTEXT = Place(path=("context",))
_LABELS = Place(path=("metadata",))


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def parse_context(text: str) -> Json:
    """The context as JSON values.

    Raises:
        ValidationFailedError: it is not a JSON object, or too deep.
    """
    value: Json = {}
    if text:
        try:
            value = json.loads(
                text,
                parse_int=_Number,
                parse_float=_Number,
                parse_constant=_no_constant,
                object_pairs_hook=_object,
            )
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, dict):
        raise ValidationFailedError(
            "context is not a JSON object", field="context", constraint="must be a JSON object"
        )
    if _depth(cast("Json", value)) > MAX_CONTEXT_DEPTH:
        rule = f"must be at most {MAX_CONTEXT_DEPTH} levels deep"
        raise ValidationFailedError("context is nested too deeply", field="context", constraint=rule)
    return cast("Json", value)


def texts_of(spec: TaskSpec, context: Json) -> dict[Place, str]:
    """Every text of the spec that is not empty, keys of objects and long numbers included."""
    found = {Place(path=("goal",)): spec.goal}
    found |= _numbered("constraints", spec.constraints)
    found |= _numbered("acceptance_criteria", spec.acceptance_criteria)
    found |= _leaves(dict(spec.labels), _LABELS)
    found |= _leaves(context, _CONTEXT)
    return {place: text for place, text in found.items() if text}


def with_texts(spec: TaskSpec, context: Json, replaced: Mapping[Place, str]) -> TaskSpec:
    """The spec with the texts at some places replaced."""

    def listed(name: str, values: Sequence[str]) -> tuple[str, ...]:
        return tuple(replaced.get(place, text) for place, text in _numbered(name, values).items())

    return replace(
        spec,
        goal=replaced.get(Place(path=("goal",)), spec.goal),
        constraints=listed("constraints", spec.constraints),
        acceptance_criteria=listed("acceptance_criteria", spec.acceptance_criteria),
        labels=_rebuilt(dict(spec.labels), _LABELS, replaced),
        context_json=_dumped(_rebuilt(context, _CONTEXT, replaced)) if spec.context_json else "",
    )


def _numbered(name: str, values: Sequence[str]) -> dict[Place, str]:
    return {Place(path=(name, number)): text for number, text in enumerate(values)}


def _leaves(value: Json, place: Place) -> dict[Place, str]:
    if isinstance(value, _Number):
        return {place: value} if sum(map(str.isdigit, value)) >= _LONG_NUMBER else {}
    found: dict[Place, str] = {}
    if isinstance(value, str):
        found[place] = value
    elif isinstance(value, list):
        for number, item in enumerate(cast("list[Json]", value)):
            found |= _leaves(item, place.below(number))
    elif isinstance(value, dict):
        for name, item in cast("dict[str, Json]", value).items():
            found[place.below(name, key=True)] = name
            found |= _leaves(item, place.below(name))
    return found


def _rebuilt(value: Json, place: Place, replaced: Mapping[Place, str]) -> Json:
    if isinstance(value, str):
        return replaced.get(place, value)
    if isinstance(value, list):
        items = enumerate(cast("list[Json]", value))
        return [_rebuilt(item, place.below(number), replaced) for number, item in items]
    if isinstance(value, dict):
        fields = cast("dict[str, Json]", value)
        names = _renamed(fields, place, replaced)
        return {names[name]: _rebuilt(item, place.below(name), replaced) for name, item in fields.items()}
    return value


def _renamed(names: Iterable[str], place: Place, replaced: Mapping[Place, str]) -> dict[str, str]:
    """The new name of each field; names that redaction makes equal are numbered, or fields would be lost."""
    places = {name: place.below(name, key=True) for name in names}
    taken = {name for name, at in places.items() if at not in replaced}
    found: dict[str, str] = {}
    for name, at in places.items():
        new = wanted = replaced.get(at, name)
        number = 2
        while at in replaced and new in taken:
            new, number = f"{wanted} ({number})", number + 1
        taken.add(new)
        found[name] = new
    return found


def _dumped(value: Json) -> str:
    """JSON text; numbers are written as they were read."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_dumped, cast('list[Json]', value)))}]"
    if isinstance(value, dict):
        pairs = cast("dict[str, Json]", value).items()
        return f"{{{', '.join(f'{_dumped(name)}: {_dumped(item)}' for name, item in pairs)}}}"
    return json.dumps(value, ensure_ascii=False)


def _depth(value: Json) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, cast("dict[str, Json]", value).values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, cast("list[Json]", value)), default=0)
    return 0


def _no_constant(name: str) -> Json:
    raise ValueError(name)


def _object(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found
