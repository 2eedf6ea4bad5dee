"""Health, readiness and metrics: of the platform, of one service, on every port."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octollm.service.v1 import status_pb2 as pb

from gateway.clients import SERVICES
from gateway.context import Context
from gateway.convert.values import instant_of, names
from gateway.merge_metrics import CONTENT_TYPE, merged
from gateway.routes.arms import own_arm
from gateway.routing.answer import Answer, json_answer
from gateway.routing.call import Call
from gateway.schemas.base import Nothing
from gateway.status import Reply
from servicekit.errors import UnavailableError

STATE = names(pb.State.DESCRIPTOR, prefix="STATE_")
REQUIRED = frozenset({"orchestrator", "reflex"})
"""Services without which nothing useful can be done; without arms tasks are still accepted."""

_RANK = {"healthy": 0, "degraded": 1, "unavailable": 2}


GATEWAY = "gateway"
"""The door behind which all services stand."""


@dataclass(frozen=True, kw_only=True)
class HealthOf:
    """Health, readiness and metrics behind one port.

    Attributes:
        service: ``gateway`` for the whole platform, or the one service behind the port.
    """

    service: str

    async def health(self, call: Call[Nothing, None]) -> Answer:
        """How it works, and everything it depends on. 200 as long as somebody is there to answer."""
        return json_answer(await health_report(call.context, service=self.service))

    async def ready(self, call: Call[Nothing, None]) -> Answer:
        """Whether requests are welcome: not while something that is needed is down, nor while it drains."""
        report = await health_report(call.context, service=self.service)
        if call.context.draining.is_set() or report["draining"]:
            raise UnavailableError("not ready: draining", reason="DRAINING")
        if report["status"] == "unavailable":
            told = {it["name"]: it["detail"] or "unavailable" for it in report["dependencies"] if _stops(it)}
            raise UnavailableError(
                f"not ready: {', '.join(told) or self.service}", reason="NOT_READY", metadata=told
            )
        return json_answer({"status": "ready"})

    async def scrape(self, call: Call[Nothing, None]) -> Answer:
        """Metrics in Prometheus text; on the gateway's port those of all services, told apart by a label."""
        replies = await call.context.book.metrics(_behind(self.service))
        texts = {name: reply.value.text if reply.value else None for name, reply in replies.items()}
        if self.service == GATEWAY:
            texts = {GATEWAY: call.context.metrics.text(), **texts}
        return Answer(body=merged(texts).encode(), media_type=CONTENT_TYPE.encode())


async def arm_health(call: Call[Nothing, None]) -> Answer:
    """How the arm works, and everything it depends on."""
    return await HealthOf(service=own_arm(call)).health(call)


async def arm_metrics(call: Call[Nothing, None]) -> Answer:
    """Metrics of the arm in Prometheus text."""
    return await HealthOf(service=own_arm(call)).scrape(call)


async def health_report(context: Context, *, service: str) -> dict[str, Any]:
    """The health report of the platform or of one service; see `gateway.schemas.health.HealthReport`."""
    replies = await context.book.statuses(_behind(service))
    if service != GATEWAY:
        return _single(service, replies[service])
    return {
        "status": _platform_status(replies),
        "service": service,
        "version": context.version,
        "started_at": context.started_at,
        "draining": context.draining.is_set(),
        "dependencies": _platform_dependencies(replies),
    }


def _behind(service: str) -> Sequence[str]:
    return SERVICES if service == GATEWAY else (service,)


def _stops(dependency: Mapping[str, Any]) -> bool:
    return dependency["required"] and dependency["status"] == "unavailable"


def _single(service: str, reply: Reply[pb.GetStatusResponse]) -> dict[str, Any]:
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
