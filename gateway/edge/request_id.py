"""X-Request-ID: accepted or minted, known to everything below, sent back on every response."""

from gateway.edge.state import RequestState, put_state
from gateway.routing.asgi import App, Message, Receive, Scope, Send, header
from servicekit.context import set_service
from servicekit.request_id import accept, set_request_id

HEADER = b"x-request-id"


class RequestIdLayer:
    """Gives each request its id."""

    def __init__(self, app: App, *, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request_id = accept(header(scope, HEADER))
        encoded = request_id.encode("ascii")
        set_request_id(request_id)
        set_service(self._service)
        state = RequestState(request_id=request_id, headers=[(HEADER, encoded)])
        put_state(scope, state)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *state.headers]
            await send(message)

        await self._app(scope, receive, send_with_id)
