"""Lets through who may do what the route declares; every refusal is audited."""

from functools import partial

from gateway.auth.audit import AuditTrail
from gateway.auth.authenticator import Authenticator
from gateway.edge.client_address import ClientAddresses
from gateway.edge.state import state_of
from gateway.routing.asgi import App, Receive, Scope, Send, headers
from gateway.routing.route import Route
from servicekit.errors import OctoError, PermissionDeniedError, UnauthenticatedError, UnavailableError
from servicekit.principal import Principal

ACTION = "request"
"""What the audit log calls a request that was refused before anything was done."""


class AuthoriseLayer:
    """Refuses requests that their callers may not make.

    Args:
        app: what serves the others.
        authenticator: tells, while an answer is still being read, whether its reader's credentials hold.
        audit: takes what is refused.
        addresses: tells clients apart.
    """

    def __init__(
        self, app: App, *, authenticator: Authenticator, audit: AuditTrail, addresses: ClientAddresses
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._audit = audit
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = state_of(scope)
        route = state.match.route
        if route is not None and route.scope is not None:
            refused = _scope_missing(route, state.principal) if state.principal else state.refusal
            if refused is not None:
                self._note(refused, scope)
                raise refused
            state.recheck = partial(self._recheck, scope, route)
        await self._app(scope, receive, send)

    async def _recheck(self, scope: Scope, route: Route) -> OctoError | None:
        """Why the reader may not go on; where nobody can tell now, he may until somebody can."""
        refused: OctoError | None
        try:
            principal = await self._authenticator.principal(headers(scope, b"authorization"))
            refused = _scope_missing(route, principal)
        except UnauthenticatedError as error:
            refused = error
        except UnavailableError:
            refused = None
        if refused is not None:
            self._note(refused, scope)
        return refused

    def _note(self, refused: OctoError, scope: Scope) -> None:
        state = state_of(scope)
        route = state.match.route.path if state.match.route else ""
        self._audit.refused(
            ACTION,
            reason=refused.reason,
            principal=state.principal,
            object_id=f"{scope['method']} {route}",
            address=self._addresses.of(scope),
        )


def _scope_missing(route: Route, principal: Principal) -> PermissionDeniedError | None:
    if route.scope is None or principal.may(route.scope):
        return None
    return PermissionDeniedError(
        f"the scope {route.scope} is needed", reason="SCOPE_MISSING", metadata={"scope": route.scope}
    )
