"""What the edge adds to every route of the contract: the id of a request, where its client stands."""

from collections.abc import Mapping
from typing import Any

from gateway.routing.route import is_limited

_RATES: Mapping[str, str] = {
    "RateLimit-Policy": "What is allowed: `q` requests in `w` seconds.",
    "RateLimit": "What is left: `r` requests, and `t` seconds until the oldest stops counting.",
    "X-RateLimit-Limit": "Requests a minute.",
    "X-RateLimit-Remaining": "Requests left now.",
    "X-RateLimit-Reset": "Seconds until the oldest request stops counting.",
}
"""Headers of every answer of a route that is rate-limited, while limits are on."""

HEADERS: Mapping[str, Any] = {
    **{name: {"description": it, "schema": {"type": "string"}} for name, it in _RATES.items()},
    "RequestId": {
        "description": "The caller's X-Request-ID when it was well formed, else a new one.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
}
"""By name, for ``components.headers``."""

PARAMETERS: Mapping[str, Any] = {
    "RequestId": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "For tracing; what does not match `^[A-Za-z0-9._-]{1,64}$` is replaced.",
        "schema": {"type": "string"},
    }
}
"""By name, for ``components.parameters``."""

_FAILURES = 400
"""Statuses from here on are failures, which are the same everywhere."""


def add_edge(operation: dict[str, Any]) -> None:
    """Add to one operation, in place, what the edge reads and sends."""
    operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/RequestId"})
    rates = {name: {"$ref": f"#/components/headers/{name}"} for name in _RATES}
    for status, response in operation["responses"].items():
        added = {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}}
        if is_limited(operation) and int(status) < _FAILURES:
            added |= rates
        response["headers"] = {**added, **response.get("headers", {})}
