"""Health, readiness and metrics: of the platform, of one service, on every port."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from gateway.context import GATEWAY, Context, context_of, door_of
from gateway.health_report import behind, health_report, service_report
from gateway.merge_metrics import CONTENT_TYPE, merged
from gateway.routes import examples
from gateway.routes.failures import failures
from gateway.routes.parameters import ArmInPath
from gateway.routes.routers import BASE, api_router
from gateway.routes.told import told, told_as
from gateway.routing.json_answer import json_answer
from gateway.routing.route import public
from gateway.schemas.health import HealthReport, Ready
from servicekit.errors import UnavailableError

router = api_router(tag="service")
at_root = api_router(tag="service", prefix="")
"""The same once more at the root, where probes look for them."""

of_arms = api_router(tag="arms", prefix=f"{BASE}/arms/{{arm_id}}")
"""The same of each arm, on the gateway's port."""

_HEALTH = told(200, "How it works.", example=examples.HEALTH)
_METRICS = told_as(CONTENT_TYPE, description="The metrics.", example=examples.METRICS)
_PUBLIC = public(limited=False)


@at_root.get(
    "/health",
    operation_id="get_health_at_root",
    summary="Health check",
    openapi_extra=_PUBLIC,
    response_model=HealthReport,
    responses=_HEALTH,
)
@router.get(
    "/health",
    operation_id="get_health",
    summary="Health check",
    openapi_extra=_PUBLIC,
    response_model=HealthReport,
    responses=_HEALTH,
)
async def get_health(request: Request) -> Response:
    """How it works, and everything it depends on. 200 as long as somebody is there to answer."""
    return json_answer(await health_report(context_of(request), service=door_of(request)))


@at_root.get(
    "/ready",
    operation_id="get_ready_at_root",
    summary="Readiness check",
    openapi_extra=_PUBLIC,
    response_model=Ready,
    responses=told(200, "Requests are welcome.", example={"status": "ready"}),
)
@router.get(
    "/ready",
    operation_id="get_ready",
    summary="Readiness check",
    openapi_extra=_PUBLIC,
    response_model=Ready,
    responses=told(200, "Requests are welcome.", example={"status": "ready"}),
)
async def get_ready(request: Request) -> Response:
    """Whether requests are welcome: not while something that is needed is down, nor while it drains."""
    context, door = context_of(request), door_of(request)
    report = await health_report(context, service=door)
    if context.draining.is_set() or report["draining"]:
        raise UnavailableError("not ready: draining", reason="DRAINING")
    if report["status"] == "unavailable":
        down = {it["name"]: it["detail"] or "unavailable" for it in report["dependencies"] if _stops(it)}
        raise UnavailableError(f"not ready: {', '.join(down) or door}", reason="NOT_READY", metadata=down)
    return json_answer({"status": "ready"})


@at_root.get(
    "/metrics",
    operation_id="get_metrics_at_root",
    summary="Prometheus metrics",
    openapi_extra=_PUBLIC,
    response_class=Response,
    responses=_METRICS,
)
@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Prometheus metrics",
    openapi_extra=_PUBLIC,
    response_class=Response,
    responses=_METRICS,
)
async def get_metrics(request: Request) -> Response:
    """Metrics in Prometheus text; on the gateway's port those of all services, told apart by a label."""
    return await _metrics(context_of(request), service=door_of(request))


@of_arms.get(
    "/health",
    operation_id="get_arm_health",
    summary="Read how an arm works",
    openapi_extra=_PUBLIC,
    response_model=HealthReport,
    responses=_HEALTH | failures(404),
)
async def get_arm_health(request: Request, arm_id: ArmInPath) -> Response:
    """How the arm works, and everything it depends on."""
    return json_answer(service_report(arm_id, await context_of(request).directory.status(arm_id)))


@of_arms.get(
    "/metrics",
    operation_id="get_arm_metrics",
    summary="Read an arm's metrics",
    openapi_extra=_PUBLIC,
    response_class=Response,
    responses=_METRICS | failures(404),
)
async def get_arm_metrics(request: Request, arm_id: ArmInPath) -> Response:
    """Metrics of the arm in Prometheus text."""
    reply = await context_of(request).directory.metrics(arm_id)
    return _text({arm_id: reply.value.text if reply.value else None})


async def _metrics(context: Context, *, service: str) -> Response:
    replies = await context.book.metrics(behind(service))
    texts = {name: reply.value.text if reply.value else None for name, reply in replies.items()}
    if service == GATEWAY:
        texts = {GATEWAY: context.metrics.text(), **texts}
    return _text(texts)


def _text(texts: Mapping[str, str | None]) -> Response:
    return Response(merged(texts), headers={"content-type": CONTENT_TYPE})


def _stops(dependency: Mapping[str, Any]) -> bool:
    return dependency["required"] and dependency["status"] == "unavailable"
