"""W3C trace context: the caller's `traceparent` becomes the parent of every call that the request causes."""

from opentelemetry import context, propagate

from gateway.routing.asgi import App, Receive, Scope, Send

_KEYS = {b"traceparent": "traceparent", b"tracestate": "tracestate"}


class TraceLayer:
    """Takes the trace context from the caller; a malformed one is as good as none."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        carrier = {_KEYS[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _KEYS}
        if "traceparent" in carrier:
            # Each request has an asyncio task, and so a context, of its own: nothing to detach.
            context.attach(propagate.extract(carrier))
        await self._app(scope, receive, send)
