"""The ASGI types, as much of them as the gateway uses."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def header(scope: Scope, name: bytes) -> bytes | None:
    """The value of a request header, its name in lower case; None when it was not sent."""
    for key, value in scope["headers"]:
        if key == name:
            return value
    return None


def headers(scope: Scope, name: bytes) -> list[bytes]:
    """Every value of a request header that may be sent several times."""
    return [value for key, value in scope["headers"] if key == name]
