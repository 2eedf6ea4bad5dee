"""Health reports: of the platform, and of one service."""

from collections.abc import Mapping, Sequence
from typing import Any

from octollm.service.v1 import status_pb2 as pb

from gateway.clients import SERVICES
from gateway.context import GATEWAY, Context
from gateway.convert.values import instant_of, names
from gateway.status import Reply

STATE = names(pb.State.DESCRIPTOR, prefix="STATE_")
REQUIRED = frozenset({"orchestrator", "reflex"})
"""Services without which nothing useful can be done; without arms tasks are still accepted."""

_RANK = {"healthy": 0, "degraded": 1, "unavailable": 2}


def behind(service: str) -> Sequence[str]:
    """The services that stand behind a port."""
    return SERVICES if service == GATEWAY else (service,)


async def health_report(context: Context, *, service: str) -> dict[str, Any]:
    """The health report of the platform or of one service; see `gateway.schemas.health.HealthReport`."""
    replies = await context.book.statuses(behind(service))
    if service != GATEWAY:
        return service_report(service, replies[service])
    return {
        "status": _platform_status(replies),
        "service": service,
        "version": context.version,
        "started_at": context.started_at,
        "draining": context.draining.is_set(),
        "dependencies": _platform_dependencies(replies),
    }


def service_report(service: str, reply: Reply[pb.GetStatusResponse]) -> dict[str, Any]:
    """The health report of one service by what it said."""
    told = reply.value
    unreachable = {"name": service, "status": "unavailable", "detail": reply.reason, "required": True}
    return {
        "status": STATE.get(told.state, "unavailable") if told else "unavailable",
        "service": service,
        "version": told.version if told else "",
        "started_at": instant_of(told, "started_at") if told else None,
        "draining": told.draining if told else False,
        "dependencies": [_dependency(it) for it in told.dependencies] if told else [unreachable],
    }


def _platform_status(replies: Mapping[str, Reply[pb.GetStatusResponse]]) -> str:
    worst = "healthy"
    for name, reply in replies.items():
        state = _state(reply)
        if name not in REQUIRED and state == "unavailable":
            state = "degraded"
        worst = max(worst, state, key=lambda it: _RANK[it])
    return worst


def _platform_dependencies(replies: Mapping[str, Reply[pb.GetStatusResponse]]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for name, reply in replies.items():
        inner = [_dependency(it, prefix=f"{name}/", of_required=name in REQUIRED) for it in _inner(reply)]
        ill = [f"{it.name}: {it.detail}" for it in _inner(reply) if it.state != pb.STATE_HEALTHY]
        told.append(
            {
                "name": name,
                "status": _state(reply),
                "detail": reply.reason or "; ".join(ill),
                "required": name in REQUIRED,
            }
        )
        told += inner
    return told


def _inner(reply: Reply[pb.GetStatusResponse]) -> Sequence[pb.Dependency]:
    return reply.value.dependencies if reply.value else ()


def _state(reply: Reply[pb.GetStatusResponse]) -> str:
    return STATE.get(reply.value.state, "unavailable") if reply.value else "unavailable"


def _dependency(it: pb.Dependency, *, prefix: str = "", of_required: bool = True) -> dict[str, Any]:
    return {
        "name": prefix + it.name,
        "status": STATE.get(it.state, "unavailable"),
        "detail": it.detail,
        "required": it.required and of_required,
    }
