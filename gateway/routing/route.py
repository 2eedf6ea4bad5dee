"""What a route declares beside its shapes: the scope it needs, its body's limit, whether it counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from re import Pattern
from typing import Any, Literal, TypeAlias

from fastapi.params import Form
from fastapi.routing import APIRoute

KIB = 1024
BODY_LIMIT = 1024 * KIB
"""Bytes that a body may have where a route says nothing else."""

Scope: TypeAlias = Literal[
    "arm:invoke",
    "arm:list",
    "cache:read",
    "cache:write",
    "document:read",
    "document:write",
    "keys:manage",
    "reflex:check",
    "sandbox:execute",
    "stats:read",
    "task:cancel",
    "task:read",
    "task:submit",
]
"""What a caller may be allowed to do."""

_PUBLIC = "public"
_SCOPE = "x-octollm-scope"
_LIMITED = "x-octollm-rate-limited"
_BODY_LIMIT = "x-octollm-body-limit"


def needs(scope: Scope, *, body_limit: int | None = None) -> dict[str, Any]:
    """The `openapi_extra` of a route for callers with a scope.

    Args:
        scope: what they must be allowed to do.
        body_limit: bytes that the body may have, for routes that take one; `BODY_LIMIT` when left out.
    """
    extra: dict[str, Any] = {_SCOPE: scope}
    return extra if body_limit is None else {**extra, _BODY_LIMIT: body_limit}


def public(*, limited: bool = True) -> dict[str, Any]:
    """The `openapi_extra` of a route for everybody.

    Args:
        limited: whether it counts for rate limits.
    """
    return {_SCOPE: _PUBLIC} if limited else {_SCOPE: _PUBLIC, _LIMITED: False}


def is_limited(extra: Mapping[str, Any]) -> bool:
    """Whether a route with this `openapi_extra` counts for rate limits."""
    return extra.get(_LIMITED, True)


def is_public(extra: Mapping[str, Any]) -> bool:
    """Whether a route with this `openapi_extra` is for everybody."""
    return extra.get(_SCOPE) == _PUBLIC


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """What the edge must know of a route before it lets a request through.

    Attributes:
        path: its template, such as ``/api/v1/tasks/{task_id}``; also the label in metrics.
        scope: what a caller must be allowed to do; None for public routes.
        body_limit: bytes that its body may have; None when it takes none.
        form: whether that body is a form with files, instead of JSON.
        limited: whether it counts for rate limits.
    """

    path: str
    scope: str | None
    body_limit: int | None
    form: bool
    limited: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """What a request is for.

    Attributes:
        route: the route; None when there is none for this method, or none at all.
        allowed: the methods that this path takes; empty when no route has this path.
        parameters: what stands in the path for the names of its template.
    """

    route: Route | None = None
    allowed: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])


class RouteTable:
    """What the routes of one port declare, found as FastAPI finds them: the first that matches."""

    def __init__(self, routes: Iterable[APIRoute]) -> None:
        self._routes: list[tuple[Pattern[str], frozenset[str], Route]] = [
            (it.path_regex, _methods(it), declared(it)) for it in routes
        ]

    def match(self, method: str, path: str) -> Match:
        """Find the route."""
        allowed: set[str] = set()
        for pattern, methods, route in self._routes:
            if found := pattern.match(path):
                if method in methods:
                    return Match(route=route, parameters=found.groupdict())
                allowed |= methods
        return Match(allowed=sorted(allowed))


def declared(route: APIRoute) -> Route:
    """What a route declares.

    Raises:
        LookupError: when it declares no scope; one that is public says so.
    """
    extra = route.openapi_extra or {}
    if _SCOPE not in extra:
        raise LookupError(f"{route.path} declares no scope: give it openapi_extra=needs(...) or public()")
    return Route(
        path=route.path,
        scope=None if extra[_SCOPE] == _PUBLIC else extra[_SCOPE],
        body_limit=extra.get(_BODY_LIMIT, BODY_LIMIT) if route.body_field else None,
        form=reads_form(route),
        limited=is_limited(extra),
    )


def reads_form(route: APIRoute) -> bool:
    """Whether a route reads a form with files."""
    return route.body_field is not None and isinstance(route.body_field.field_info, Form)


def _methods(route: APIRoute) -> frozenset[str]:
    """Its methods. What answers GET answers HEAD, but for a stream: without its body it would never end."""
    streams = any("text/event-stream" in it.get("content", {}) for it in route.responses.values())
    methods = frozenset(route.methods or ())
    return methods | {"HEAD"} if "GET" in methods and not streams else methods
