"""What the layers tell each other about one request."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from gateway.routing.asgi import Scope
from gateway.routing.route import Match
from servicekit.errors import OctoError, UnauthenticatedError
from servicekit.principal import Principal

_KEY = "octollm.request"
UNREAD = "octollm.unread"
"""In the scope: what to call before an answer that leaves a body unread, so that it arrives all the same."""

DEPARTED = "octollm.departed"
"""Set in the scope by the protocol when the client left before its answer."""


@dataclass(kw_only=True, slots=True)
class RequestState:
    """One request on its way through the layers.

    Attributes:
        request_id: its id.
        match: the route that was found, or why there is none.
        status: the status of its answer; 0 before there is one.
        headers: what every answer to it carries, whoever writes it.
        principal: who makes it; None where nobody was asked, or nobody could tell.
        refusal: why nobody could.
        recheck: for an answer that takes long: why its reader may not go on now, None while he may.
            None itself where everybody may.
    """

    request_id: str
    match: Match = field(default_factory=Match)
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    principal: Principal | None = None
    refusal: UnauthenticatedError | None = None
    recheck: Callable[[], Awaitable[OctoError | None]] | None = None


def put_state(scope: Scope, state: RequestState) -> None:
    """Attach the state to its request."""
    scope[_KEY] = state


def state_of(scope: Scope) -> RequestState:
    """The state of a request."""
    return cast("RequestState", scope[_KEY])
