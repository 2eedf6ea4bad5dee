"""Routes of one arm: on its own port, and under its name on the gateway's."""

from collections.abc import Callable
from typing import Any, TypeVar

from gateway.routes.routers import BASE, api_router

H = TypeVar("H", bound=Callable[..., Any])


class ArmRoutes:
    """Adds each route to both places.

    Args:
        arm_id: whose routes they are.

    Attributes:
        own: for the arm's own port.
        under: for the gateway's.
    """

    def __init__(self, arm_id: str) -> None:
        self.own = api_router(tag=arm_id)
        self.under = api_router(tag=arm_id, prefix=f"{BASE}/arms/{arm_id}")

    def post(self, path: str, **declared: Any) -> Callable[[H], H]:
        """A route for POST, declared as FastAPI's `post` takes it."""
        return self._both("POST", path, declared)

    def get(self, path: str, **declared: Any) -> Callable[[H], H]:
        """A route for GET."""
        return self._both("GET", path, declared)

    def delete(self, path: str, **declared: Any) -> Callable[[H], H]:
        """A route for DELETE."""
        return self._both("DELETE", path, declared)

    def _both(self, method: str, path: str, declared: dict[str, Any]) -> Callable[[H], H]:
        def add(handler: H) -> H:
            for router in (self.own, self.under):
                router.add_api_route(path, handler, methods=[method], **declared)
            return handler

        return add
