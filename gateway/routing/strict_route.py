"""FastAPI's route, reading strictly: nothing unknown, nothing twice, nothing that parsers differ on."""

from collections.abc import Callable, Coroutine, Mapping
from types import GenericAlias
from typing import Any, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from starlette.datastructures import FormData

from gateway.edge.body_limits import read_body
from gateway.routing.multipart import read_form
from gateway.routing.route import reads_form
from gateway.routing.strict_json import parse_json
from servicekit.errors import ValidationFailedError

MAX_PARAMETERS = 50


class StrictRoute(APIRoute):
    """Looks at the query string and at the body before FastAPI does, which would let much of it pass."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind the checks."""
        handle = super().get_route_handler()
        known, reads_body = _query_parameters(self), self.body_field is not None
        form = reads_form(self)

        async def strictly(request: Request) -> Response:
            if query := request.scope["query_string"]:
                check_query(query, known)
            if form:
                content_type = request.headers.get("content-type", "").encode("latin-1")
                request = _FormRequest(
                    request.scope, form=await read_form(request.receive, content_type=content_type)
                )
            elif reads_body:
                body = await read_body(request.receive)
                request = _ReadRequest(request.scope, content=body, parsed=parse_json(body))
            return await handle(request)

        return strictly


class _ReadRequest(Request):
    """A request whose body has been read and parsed."""

    def __init__(self, scope: Any, *, content: bytes, parsed: Any) -> None:
        super().__init__(scope)
        self._content = content
        self._parsed = parsed

    async def body(self) -> bytes:
        """The bytes of the body."""
        return self._content

    async def json(self) -> Any:
        """The body, parsed."""
        return self._parsed


class _FormRequest(Request):
    """A request whose form has been read."""

    def __init__(self, scope: Any, *, form: FormData) -> None:
        super().__init__(scope)
        self._read = form

    async def form(self, **_: Any) -> FormData:  # type: ignore[override]  # FastAPI only awaits it
        """The form; FastAPI closes it."""
        return self._read


def check_query(text: bytes, known: Mapping[str, bool]) -> None:
    """Refuse parameters that are unknown, given twice, or not text.

    Args:
        text: the query string as sent.
        known: by name, whether the parameter may be repeated.

    Raises:
        ValidationFailedError: naming the parameter at fault.
    """
    seen: set[str] = set()
    for name, value in _pairs(text):
        if rule := _broken_rule(name, value, known=known, seen=seen):
            shown = name[:200]
            raise ValidationFailedError(f"{shown} {rule}", field=shown, constraint=rule, reason="FIELD_RULE")
        seen.add(name)


def _broken_rule(name: str, value: str, *, known: Mapping[str, bool], seen: set[str]) -> str | None:
    if name not in known:
        return "is not known here"
    if name in seen and not known[name]:
        return "must be given once"
    return "must not hold U+0000" if "\0" in value else None


def _pairs(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:
        raise ValidationFailedError(
            "the query string is malformed",
            constraint=f"must be at most {MAX_PARAMETERS} parameters, percent-encoded UTF-8",
            reason="MALFORMED_QUERY",
        ) from None


def _query_parameters(route: APIRoute) -> Mapping[str, bool]:
    """By name, whether it may be repeated; a model declares one parameter a field."""
    known: dict[str, bool] = {}
    for parameter in route.dependant.query_params:
        annotation: Any = parameter.field_info.annotation
        fields: Mapping[str, FieldInfo] | None = getattr(annotation, "model_fields", None)
        if fields is None:
            known[parameter.alias] = _is_list(annotation)
        else:
            known |= {name: _is_list(it.annotation) for name, it in fields.items()}
    return known


def _is_list(annotation: object) -> bool:
    if isinstance(annotation, GenericAlias) or get_origin(annotation) is not None:
        return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))
    return annotation is list
