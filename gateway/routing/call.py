"""A request as a handler sees it: checked, parsed, typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.clients import Clients
from gateway.context import Context
from gateway.routing.asgi import Scope, header

Q = TypeVar("Q")
B = TypeVar("B")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call(Generic[Q, B]):
    """One request.

    Attributes:
        context: what all handlers share.
        path: path parameters by name; they match their patterns.
        query: the query parameters.
        body: the body.
        scope: the request itself.
    """

    context: Context
    path: Mapping[str, str]
    query: Q
    body: B
    scope: Scope

    @property
    def clients(self) -> Clients:
        """The other services."""
        return self.context.clients

    def header(self, name: bytes) -> str | None:
        """A request header as text, its name in lower case; None when it was not sent."""
        value = header(self.scope, name)
        return None if value is None else value.decode("latin-1")
