"""Which port serves which routes."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter
from fastapi.routing import APIRoute

from gateway.clients import ARMS
from gateway.context import GATEWAY
from gateway.routes import arms, docs, events, health, identity, reflex, tasks, usage
from gateway.routes.arm_work import coder, executor, guardian, judge, planner, retriever, step
from gateway.routes.arm_work.arm_routes import ArmRoutes

DOORS = (GATEWAY, "reflex", *ARMS)
"""Every port by the service whose API it serves."""

_WORK: Mapping[str, ArmRoutes] = {
    "planner": planner.routes,
    "executor": executor.routes,
    "retriever": retriever.routes,
    "coder": coder.routes,
    "judge": judge.routes,
    "guardian": guardian.routes,
}
"""What each arm does on request."""

_COMMON = (health.router, health.at_root, docs.router)


def routes_of(door: str) -> Sequence[APIRoute]:
    """The routes of one port; where several match, the first does."""
    return [it for router in _routers_of(door) for it in router.routes if isinstance(it, APIRoute)]


def _routers_of(door: str) -> Sequence[APIRouter]:
    if door == GATEWAY:
        # Before the common ones of all arms, so that the executor's own route is found first.
        work = [it.under for it in _WORK.values()]
        own = (tasks.router, events.router, usage.router, identity.router, reflex.router)
        return (*own, *work, step.router, arms.router, health.of_arms, *_COMMON)
    if door == "reflex":
        return (reflex.router, *_COMMON)
    return (_WORK[door].own, arms.own_port, *_COMMON)
