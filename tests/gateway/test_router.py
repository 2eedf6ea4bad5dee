"""The router: what it finds, what it does not, and what else a path would take."""

import pytest

from gateway.routes.table import routes_of
from gateway.routing.router import Router

ROUTER = Router(routes_of("gateway"))


@pytest.mark.parametrize(
    ("method", "path", "operation", "variables"),
    [
        ("GET", "/api/v1/tasks", "list_tasks", {}),
        ("HEAD", "/api/v1/tasks", "list_tasks", {}),
        ("POST", "/api/v1/tasks", "create_task", {}),
        ("GET", "/api/v1/tasks/a", "get_task", {"task_id": "a"}),
        ("GET", "/api/v1/tasks/a%2Fb", "get_task", {"task_id": "a/b"}),
        ("GET", "/api/v1/tasks/%C3%A9", "get_task", {"task_id": "\u00e9"}),
        ("GET", "/api/v1/tasks/%ff", "get_task", {"task_id": "\ufffd"}),
        ("GET", "/api/v1/tasks/a/steps", "list_steps", {"task_id": "a"}),
        ("GET", "/api/v1/%74asks", "list_tasks", {}),
        ("GET", "/health", "get_health_at_root", {}),
        ("GET", "/docs", "get_docs", {}),
    ],
)
def test_found(method: str, path: str, operation: str, variables: dict[str, str]) -> None:
    match = ROUTER.match(method, path.encode())
    assert match.route is not None
    assert (match.route.operation, match.path) == (operation, variables)


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
    match = ROUTER.match("GET", path.encode())
    assert (match.route, match.allowed) == (None, ())


def test_a_stream_has_no_head() -> None:
    assert ROUTER.match("HEAD", b"/api/v1/tasks/a/events").allowed == ["GET"]


def test_another_method_is_told_what_is_allowed() -> None:
    match = ROUTER.match("PATCH", b"/api/v1/tasks/a")
    assert (match.route, match.allowed) == (None, ["DELETE", "GET", "HEAD"])
