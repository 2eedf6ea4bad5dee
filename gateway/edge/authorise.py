"""Lets through who may do what the route declares; every refusal is audited."""

from gateway.auth.audit import AuditTrail
from gateway.edge.client_address import ClientAddresses
from gateway.edge.state import RequestState, state_of
from gateway.routing.asgi import App, Receive, Scope, Send
from servicekit.errors import OctoError, PermissionDeniedError

ACTION = "request"
"""What the audit log calls a request that was refused before anything was done."""


class AuthoriseLayer:
    """Refuses requests that their callers may not make."""

    def __init__(self, app: App, *, audit: AuditTrail, addresses: ClientAddresses) -> None:
        self._app = app
        self._audit = audit
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = state_of(scope)
        refused = _refusal(state)
        if refused is not None:
            route = state.match.route.path if state.match.route else ""
            self._audit.refused(
                ACTION,
                reason=refused.reason,
                principal=state.principal,
                object_id=f"{scope['method']} {route}",
                address=self._addresses.of(scope),
            )
            raise refused
        await self._app(scope, receive, send)


def _refusal(state: RequestState) -> OctoError | None:
    route = state.match.route
    if route is None or route.scope is None:
        return None
    if state.principal is None:
        return state.refusal
    if not state.principal.may(route.scope):
        return PermissionDeniedError(
            f"the scope {route.scope} is needed", reason="SCOPE_MISSING", metadata={"scope": route.scope}
        )
    return None
