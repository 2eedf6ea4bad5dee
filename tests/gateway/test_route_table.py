"""What a request is for: what the table finds, what it does not, and what else a path would take."""

import pytest

from gateway.routes.table import routes_of
from gateway.routing.route import KIB, RouteTable

TABLE = RouteTable(routes_of("gateway"))


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("GET", "/api/v1/tasks", "/api/v1/tasks"),
        ("HEAD", "/api/v1/tasks", "/api/v1/tasks"),
        ("POST", "/api/v1/tasks", "/api/v1/tasks"),
        ("GET", "/api/v1/tasks/\ufffd", "/api/v1/tasks/{task_id}"),
        ("GET", "/api/v1/tasks/a/steps", "/api/v1/tasks/{task_id}/steps"),
        ("GET", "/health", "/health"),
        ("GET", "/docs", "/docs"),
    ],
)
def test_found(method: str, path: str, template: str) -> None:
    match = TABLE.match(method, path)
    assert match.route is not None
    assert match.route.path == template


@pytest.mark.parametrize(
    ("method", "path", "scope", "body_limit", "limited"),
    [
        ("POST", "/api/v1/tasks", "task:submit", 1024 * KIB, True),
        ("GET", "/api/v1/tasks", "task:read", None, True),
        ("POST", "/api/v1/cache", "cache:write", 1280 * KIB, True),
        ("GET", "/api/v1/health", None, None, False),
        ("GET", "/docs", None, None, True),
    ],
)
def test_what_the_edge_reads(
    method: str, path: str, scope: str | None, body_limit: int | None, limited: bool
) -> None:
    route = TABLE.match(method, path).route
    assert route is not None
    assert (route.scope, route.body_limit, route.limited) == (scope, body_limit, limited)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/api",
        "/api/v1",
        "/api/v1/tasks/",
        "/api/v1/tasks//steps",
        "//api/v1/tasks",
        "/api/v1/tasks/a/b",
        "*",
    ],
)
def test_not_found(path: str) -> None:
    match = TABLE.match("GET", path)
    assert (match.route, list(match.allowed)) == (None, [])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/api/v1/tasks/a", ["DELETE", "GET", "HEAD"]),
        ("PATCH", "/api/v1/tasks", ["GET", "HEAD", "POST"]),
        ("HEAD", "/api/v1/check", ["POST"]),
        ("HEAD", "/api/v1/tasks/a/events", ["GET"]),
    ],
)
def test_another_method_is_told_what_is_allowed(method: str, path: str, allowed: list[str]) -> None:
    match = TABLE.match(method, path)
    assert (match.route, list(match.allowed)) == (None, allowed)
