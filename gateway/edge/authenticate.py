"""Finds out who is calling; whether that one may is decided further inside, after the count."""

from gateway.auth.authenticator import Authenticator
from gateway.edge.state import state_of
from gateway.routing.asgi import App, Receive, Scope, Send, headers
from servicekit.errors import UnauthenticatedError
from servicekit.principal import set_principal


class AuthenticateLayer:
    """Notes the principal of each request to a route that is not for everybody, or why there is none."""

    def __init__(self, app: App, *, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = state_of(scope)
        if state.match.route is not None and state.match.route.scope is not None:
            try:
                state.principal = await self._authenticator.principal(headers(scope, b"authorization"))
                set_principal(state.principal)
            except UnauthenticatedError as error:
                state.refusal = error
        await self._app(scope, receive, send)
