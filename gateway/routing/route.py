"""One route: its address, its shapes, what it may answer, who may call it, who does it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from gateway.routing.answer import Answer, Stream
from gateway.routing.call import Call
from gateway.schemas.base import Nothing

Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B")

KIB = 1024
BODY_LIMIT = 1024 * KIB
"""Bytes that a body may have where a route says nothing else."""


@dataclass(frozen=True, kw_only=True)
class PathParameter:
    """A variable segment of a path.

    Attributes:
        pattern: what it must match as a whole; anything else is a 400.
        description: for the contract.
        example: for the contract.
    """

    pattern: str
    description: str
    example: str


@dataclass(frozen=True, kw_only=True)
class HeaderParameter:
    """A request header that the route reads, for the contract."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing that a route may answer when all goes well.

    Attributes:
        description: when it does.
        shape: the body's model; None for no body, or one that is not JSON.
        media_types: of a body that is described by no shape.
        headers: further response headers with their descriptions.
        example: a body, for the contract.
    """

    description: str
    shape: type[BaseModel] | None = None
    media_types: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    example: Any = None


@dataclass(frozen=True, kw_only=True)
class Route(Generic[Q, B]):
    """A route.

    Attributes:
        method: such as GET; HEAD comes with GET.
        path: a template such as ``/api/v1/tasks/{task_id}``; also the label in metrics.
        operation: its name in the contract, unique on its port.
        handler: answers it.
        summary: one line for the contract; the handler's docstring says more.
        tag: the group it is listed in.
        scope: what a caller must be allowed to; None for public routes.
        told: by status, what it answers when all goes well.
        errors: statuses of errors that it may answer with beside those that any route may.
        query: the model of its query parameters.
        body: the model of its JSON body; None when it takes none.
        body_limit: bytes that its body may have.
        body_example: a body, for the contract.
        headers: request headers that it reads.
        limited: whether it counts for rate limits.
    """

    method: str
    path: str
    operation: str
    handler: Callable[[Call[Q, B]], Awaitable[Answer | Stream]]
    summary: str
    tag: str
    scope: str | None
    told: Mapping[int, Told]
    errors: Sequence[int] = ()
    query: type[Q] = Nothing  # pyright: ignore[reportAssignmentType]  # Q is Nothing where it is left out
    body: type[B] | None = None
    body_limit: int = BODY_LIMIT
    body_example: Any = None
    headers: Sequence[HeaderParameter] = ()
    limited: bool = True

    @property
    def streams(self) -> bool:
        """Whether it answers with a stream of events."""
        return any("text/event-stream" in told.media_types for told in self.told.values())


AnyRoute = Route[Any, Any]
"""A route in a table of routes."""
