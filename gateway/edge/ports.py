"""The innermost layer: hands each request to the FastAPI app of the port that it came in at."""

from collections.abc import Mapping

from gateway.edge.state import state_of
from gateway.routing.asgi import App, Receive, Scope, Send


class Ports:
    """The app inside all layers."""

    def __init__(self, apps: Mapping[int, App]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app = self._apps[scope["server"][1]]
        if scope["method"] == "HEAD" and state_of(scope).match.route:
            # The same answer as to GET; the server, which still sees HEAD, leaves the body out.
            scope = {**scope, "method": "GET"}
        await app(scope, receive, send)
