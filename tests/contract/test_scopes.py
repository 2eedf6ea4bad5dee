"""Every route declares what its caller must be allowed to; one that does not, fails here."""

import pytest

from gateway.routes.table import all_routes
from gateway.routing.route import AnyRoute

SCOPES = {
    "task:read",
    "task:submit",
    "task:cancel",
    "arm:list",
    "arm:invoke",
    "document:read",
    "document:write",
    "stats:read",
    "cache:read",
    "cache:write",
    "reflex:check",
    "sandbox:execute",
    "arm:register",
    "keys:manage",
}
"""All that there are, as the roles grant them."""

PUBLIC = {"service", "documentation"}
"""Groups of routes that anybody may call: probes, and the contract with its page."""

PUBLIC_BESIDE = {"get_arm_health", "get_arm_metrics"}
"""The same probes, of an arm."""

ROUTES = [(door, route) for door, routes in all_routes().items() for route in routes]


@pytest.mark.parametrize(
    ("door", "route"), ROUTES, ids=[f"{door}:{route.operation}" for door, route in ROUTES]
)
def test_a_route_has_a_known_scope_or_is_public_on_purpose(door: str, route: AnyRoute) -> None:
    del door
    public = route.tag in PUBLIC or route.operation in PUBLIC_BESIDE
    assert (route.scope is None) == public
    assert public or route.scope in SCOPES


def test_what_changes_something_needs_more_than_reading() -> None:
    changing = {route.scope for _, route in ROUTES if route.method in {"POST", "DELETE"}}
    assert changing == {"task:submit", "task:cancel", "reflex:check", "cache:write"}
