"""Cross-origin requests: pages of origins on the allow-list may call the API; others are told nothing."""

from collections.abc import Iterable

from fastapi import Response

from gateway.edge.state import state_of
from gateway.routing.asgi import App, Receive, Scope, Send, header
from servicekit.errors import ValidationFailedError

MAX_AGE_SECONDS = 600
"""How long a browser may keep the answer to a preflight."""

_SENT = (
    "authorization, content-type, idempotency-key, if-none-match, last-event-id, traceparent, x-request-id"
)
_READ = "etag, location, ratelimit, ratelimit-policy, retry-after, x-request-id"


def origins(texts: Iterable[str]) -> frozenset[bytes]:
    """The allow-list as browsers write origins: scheme, host and port, nothing else.

    Raises:
        ValidationFailedError: for a wildcard, a path, or anything else that no browser sends.
    """
    for text in texts:
        scheme, separator, host = text.partition("://")
        if scheme not in {"http", "https"} or not separator or not host or set(host) & set("/*?# "):
            raise ValidationFailedError(
                f"OCTOLLM_CORS_ORIGINS: {text!r} is no origin such as https://app.example.com",
                field="cors_origins",
            )
    return frozenset(text.lower().encode() for text in texts)


class CorsLayer:
    """Adds the headers that browsers ask for, and answers their preflights."""

    def __init__(self, app: App, *, allowed: frozenset[bytes]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        origin = header(scope, b"origin") if self._allowed else None
        if self._allowed:
            state_of(scope).headers.append((b"vary", b"origin"))
        if origin is None or origin not in self._allowed:
            await self._app(scope, receive, send)
            return
        state = state_of(scope)
        state.headers += [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _READ.encode()),
        ]
        if (
            scope["method"] == "OPTIONS"
            and header(scope, b"access-control-request-method")
            and state.match.allowed
        ):
            await _preflight(", ".join(state.match.allowed))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _preflight(methods: str) -> Response:
    headers = {
        "access-control-allow-methods": methods,
        "access-control-allow-headers": _SENT,
        "access-control-max-age": str(MAX_AGE_SECONDS),
    }
    return Response(status_code=204, headers=headers)
