"""The gateway's span of every request; the caller's `traceparent` is its parent."""

from opentelemetry.context import attach
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context

from gateway.edge.state import DEPARTED, RequestState, state_of
from gateway.routing.asgi import App, Receive, Scope, Send
from servicekit.context import hear_task_id
from servicekit.spans import TRACE_KEYS, begin, finish, received

_KEYS = {name.encode(): name for name in TRACE_KEYS}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROBES = ("/health", "/ready", "/metrics")
_DEFECT = 500
_LEFT = 499


class TraceLayer:
    """Takes the trace context from the caller, a malformed one is as good as none, and opens a span.

    What probes ask is no trace: it would be several a second of nothing.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = state_of(scope)
        hear_task_id(state.match.parameters.get("task_id"))
        route = state.match.route
        parent = received(_carrier(scope))
        if route is not None and route.path.endswith(_PROBES):
            await self._app(scope, receive, send)
            return
        span = begin(_name(scope, state), kind=SpanKind.SERVER, parent=parent)
        if span.get_span_context().is_valid:
            # Each request has an asyncio task, and so a context, of its own: nothing to detach.
            attach(set_span_in_context(span, parent))
        try:
            await self._app(scope, receive, send)
        finally:
            _end(span, scope=scope, state=state)


def _carrier(scope: Scope) -> dict[str, str]:
    return {_KEYS[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _KEYS}


def _name(scope: Scope, state: RequestState) -> str:
    """Method and route template, never what was typed."""
    method = scope["method"] if scope["method"] in _METHODS else "HTTP"
    return f"{method} {state.match.route.path}" if state.match.route else method


def _end(span: Span, *, scope: Scope, state: RequestState) -> None:
    if not span.is_recording():
        return
    status = _LEFT if scope.get(DEPARTED) else state.status
    span.set_attribute("http.request.method", scope["method"] if scope["method"] in _METHODS else "_OTHER")
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("url.scheme", scope["scheme"])
    if state.match.route:
        span.set_attribute("http.route", state.match.route.path)
    if status >= _DEFECT:
        span.set_status(Status(StatusCode.ERROR))
        span.set_attribute("error.type", str(status))
    finish(span)
