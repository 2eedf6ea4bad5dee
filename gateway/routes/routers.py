"""Routers as all modules here make them."""

from fastapi import APIRouter

from gateway.routes.failures import ALWAYS, failures
from gateway.routing.strict_route import StrictRoute

BASE = "/api/v1"
"""Where the API begins on every port."""


def api_router(*, tag: str, prefix: str = BASE) -> APIRouter:
    """A router whose routes read strictly and may answer with what any route may.

    Args:
        tag: the group that its routes are listed in.
        prefix: before each of its paths.
    """
    return APIRouter(prefix=prefix, tags=[tag], route_class=StrictRoute, responses=failures(*ALWAYS))
