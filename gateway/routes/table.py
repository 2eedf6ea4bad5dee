"""Which port serves which routes."""

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.routing import APIRoute

from gateway.clients import ARMS
from gateway.context import GATEWAY
from gateway.routes import arms, docs, events, health, reflex, tasks, usage

DOORS = (GATEWAY, "reflex", *ARMS)
"""Every port by the service whose API it serves."""

_COMMON = (health.router, health.at_root, docs.router)


def routes_of(door: str) -> Sequence[APIRoute]:
    """The routes of one port; where several match, the first does."""
    return [it for router in _routers_of(door) for it in router.routes if isinstance(it, APIRoute)]


def _routers_of(door: str) -> Sequence[APIRouter]:
    if door == GATEWAY:
        return (
            tasks.router,
            events.router,
            usage.router,
            reflex.router,
            arms.router,
            health.of_arms,
            *_COMMON,
        )
    if door == "reflex":
        return (reflex.router, *_COMMON)
    return (arms.own_port, *_COMMON)
