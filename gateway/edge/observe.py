"""One log line and one observation a request, under its route's template: never under what was typed."""

import logging
import time
from functools import cache

from prometheus_client import Counter, Histogram

from gateway.edge.state import DEPARTED, state_of
from gateway.routing.asgi import App, Message, Receive, Scope, Send
from servicekit.metrics import Metrics

log = logging.getLogger(__name__)

LEFT = 499
"""The status that is logged and counted when the client left before its answer."""

UNMATCHED = "(none)"
"""The route label of requests that no route takes."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROBES = ("/health", "/ready", "/metrics")


class ObserveLayer:
    """Counts, times and logs."""

    def __init__(self, app: App, *, metrics: Metrics) -> None:
        self._app = app
        self._requests = metrics.counter(
            "octollm_http_requests", "HTTP requests by route template.", ["method", "route", "status"]
        )
        self._seconds = metrics.histogram(
            "octollm_http_request_seconds",
            "From the head of a request to the end of its answer.",
            ["method", "route"],
        )
        # Looking a series up by its labels costs more than counting; there are few: routes times statuses.
        self._series = cache(self._labelled)
        self._running = metrics.gauge("octollm_http_requests_running", "HTTP requests being answered now.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = state_of(scope)

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                state.status = message["status"]
            await send(message)

        began = time.perf_counter()
        self._running.inc()
        try:
            await self._app(scope, receive, send_watched)
        finally:
            self._running.dec()
            self._tell(scope, seconds=time.perf_counter() - began)

    def _tell(self, scope: Scope, *, seconds: float) -> None:
        state = state_of(scope)
        status = LEFT if scope.get(DEPARTED) else state.status
        route = state.match.route.path if state.match.route else UNMATCHED
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        count, duration = self._series(method, route, status)
        count.inc()
        duration.observe(seconds)
        level = logging.DEBUG if route.endswith(_PROBES) else logging.INFO
        if log.isEnabledFor(level):
            log.log(
                level,
                "answered",
                extra={"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 2)},
            )

    def _labelled(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        return self._requests.labels(method, route, status), self._seconds.labels(method, route)
