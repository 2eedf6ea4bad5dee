"""Every route declares what its caller must be allowed to; one that does not, fails here."""

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from gateway.routes.table import DOORS, routes_of
from gateway.routing.route import RouteTable, declared

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

ROUTES = [(door, route) for door in DOORS for route in routes_of(door)]


@pytest.mark.parametrize(
    ("door", "route"), ROUTES, ids=[f"{door}:{route.operation_id}" for door, route in ROUTES]
)
def test_a_route_has_a_known_scope_or_is_public_on_purpose(door: str, route: APIRoute) -> None:
    del door
    public = bool(PUBLIC & set(route.tags)) or route.operation_id in PUBLIC_BESIDE
    scope = declared(route).scope
    assert (scope is None) == public
    assert public or scope in SCOPES


def test_a_route_that_declares_none_is_not_served() -> None:
    router = APIRouter()

    @router.get("/open")
    async def forgotten() -> None: ...

    (route,) = router.routes
    assert isinstance(route, APIRoute)
    assert route.endpoint is forgotten
    with pytest.raises(LookupError, match="/open declares no scope"):
        RouteTable([route])


def test_what_changes_something_needs_more_than_reading() -> None:
    changing = {
        declared(it).scope
        for _, it in ROUTES
        if {"POST", "DELETE"} & (it.methods or set()) and it.operation_id != "search"  # its query is a body
    }
    assert changing == {
        "task:submit",
        "task:cancel",
        "reflex:check",
        "cache:write",
        "arm:invoke",
        "sandbox:execute",
        "document:write",
        "keys:manage",
    }


@pytest.mark.parametrize(
    ("operation", "scope"),
    [
        ("run_action", "sandbox:execute"),
        ("execute_step", "arm:invoke"),
        ("write_code", "arm:invoke"),
        ("create_plan", "arm:invoke"),
        ("validate_output", "arm:invoke"),
        ("review_content", "arm:invoke"),
        ("search", "document:read"),
        ("list_documents", "document:read"),
        ("get_document", "document:read"),
        ("put_document", "document:write"),
        ("delete_document", "document:write"),
        ("get_usage", "stats:read"),
        ("check_batch", "reflex:check"),
        ("create_key", "keys:manage"),
        ("list_audit", "keys:manage"),
    ],
)
def test_an_operation_needs_the_same_wherever_it_is_served(operation: str, scope: str) -> None:
    assert {declared(it).scope for _, it in ROUTES if it.operation_id == operation} == {scope}


def test_the_executor_is_never_reached_by_the_route_of_all_arms() -> None:
    found = RouteTable(routes_of("gateway")).match("POST", "/api/v1/arms/executor/execute")
    assert found.route is not None
    assert found.route.scope == "sandbox:execute"
