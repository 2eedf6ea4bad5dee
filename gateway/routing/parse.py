"""From bytes to typed input: the query string, path parameters, the body."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import GenericAlias
from typing import Any, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from gateway.routing.route import PathParameter
from gateway.routing.rules import refused
from servicekit.errors import ValidationFailedError

M = TypeVar("M", bound=BaseModel)
MAX_PARAMETERS = 50


def parse_query(text: bytes, model: type[M]) -> M:
    """The query parameters as `model`.

    Raises:
        ValidationFailedError: naming the parameter at fault: unknown, given twice, or breaking its rule.
    """
    try:
        pairs = parse_qsl(
            text.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        raise ValidationFailedError(
            "the query string is malformed",
            constraint=f"must be at most {MAX_PARAMETERS} parameters, percent-encoded UTF-8",
            reason="MALFORMED_QUERY",
        ) from None
    try:
        return model.model_validate(_collected(pairs, repeatable=_repeatable(model)))
    except ValidationError as error:
        raise refused(error) from None


def check_path(values: Mapping[str, str], parameters: Mapping[str, PathParameter]) -> None:
    """Hold path parameters against their patterns.

    Raises:
        ValidationFailedError: naming the first that does not match.
    """
    for name, value in values.items():
        pattern = parameters[name].pattern
        if not _compiled(pattern).fullmatch(value):
            raise ValidationFailedError(
                f"{name} is malformed", field=name, constraint=f"must match {pattern}", reason="FIELD_RULE"
            )


def parse_body(value: Any, model: type[M]) -> M:
    """A parsed JSON body as `model`.

    Raises:
        ValidationFailedError: naming the first field at fault.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise refused(error) from None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.removeprefix("^").removesuffix("$"), re.ASCII)


@lru_cache(maxsize=64)
def _repeatable(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(name for name, info in model.model_fields.items() if _is_list(info.annotation))


def _is_list(annotation: object) -> bool:
    if isinstance(annotation, GenericAlias) or get_origin(annotation) is not None:
        return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))
    return annotation is list


def _collected(pairs: list[tuple[str, str]], *, repeatable: frozenset[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if "\0" in value:
            raise ValidationFailedError(
                f"{name[:200]} holds the character U+0000",
                field=name[:200],
                constraint="must not hold U+0000",
            )
        if name in repeatable:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise ValidationFailedError(
                f"{name[:200]} is given twice",
                field=name[:200],
                constraint="must be given once",
                reason="FIELD_RULE",
            )
        else:
            values[name] = value
    return values
