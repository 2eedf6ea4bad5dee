"""Finds the route before anything is decided about the request: limits, scopes and labels hang on it."""

from collections.abc import Mapping

from gateway.edge.state import state_of
from gateway.routing.asgi import App, Receive, Scope, Send
from gateway.routing.route import RouteTable


class ResolveLayer:
    """Looks the route up in the table of the port that the request came in at."""

    def __init__(self, app: App, *, tables: Mapping[int, RouteTable]) -> None:
        self._app = app
        self._tables = tables

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        table = self._tables[scope["server"][1]]
        state_of(scope).match = table.match(scope["method"], scope["path"])
        await self._app(scope, receive, send)
