"""The routes of arms, on the gateway's port and on their own."""

from collections.abc import Sequence

from gateway.merge_metrics import CONTENT_TYPE
from gateway.routes import arms, examples, health
from gateway.routing.route import AnyRoute, Route, Told
from gateway.schemas.arms import Arm, ArmCapabilities, ArmPage
from gateway.schemas.health import HealthReport
from gateway.schemas.paging import PageQuery

_CAPABILITIES = {
    200: Told(description="The capabilities.", shape=ArmCapabilities, example=examples.CAPABILITIES)
}

ARM_ROUTES: Sequence[AnyRoute] = (
    Route(
        method="GET",
        path="/api/v1/arms",
        operation="list_arms",
        handler=arms.list_arms,
        summary="List the registered arms",
        tag="arms",
        scope="arm:list",
        query=PageQuery,
        told={200: Told(description="One page.", shape=ArmPage, example=examples.ARM_PAGE)},
    ),
    Route(
        method="GET",
        path="/api/v1/arms/{arm_id}",
        operation="get_arm",
        handler=arms.get_arm,
        summary="Read a registered arm",
        tag="arms",
        scope="arm:list",
        told={200: Told(description="The arm.", shape=Arm, example=examples.ARM)},
        errors=(404,),
    ),
    Route(
        method="GET",
        path="/api/v1/arms/{arm_id}/capabilities",
        operation="get_arm_capabilities",
        handler=arms.get_arm_capabilities,
        summary="Read what an arm can do",
        tag="arms",
        scope="arm:list",
        told=_CAPABILITIES,
        errors=(404,),
    ),
    Route(
        method="GET",
        path="/api/v1/arms/{arm_id}/health",
        operation="get_arm_health",
        handler=health.arm_health,
        summary="Read how an arm works",
        tag="arms",
        scope=None,
        limited=False,
        told={200: Told(description="How it works.", shape=HealthReport, example=examples.HEALTH)},
        errors=(404,),
    ),
    Route(
        method="GET",
        path="/api/v1/arms/{arm_id}/metrics",
        operation="get_arm_metrics",
        handler=health.arm_metrics,
        summary="Read an arm's metrics",
        tag="arms",
        scope=None,
        limited=False,
        told={200: Told(description="The metrics.", media_types=(CONTENT_TYPE,), example=examples.METRICS)},
        errors=(404,),
    ),
)
"""Arms, on the gateway's port."""


def arm_port_routes(arm_id: str) -> Sequence[AnyRoute]:
    """The routes of one arm, on its own port, beside those that every port has."""
    return (
        Route(
            method="GET",
            path="/api/v1/capabilities",
            operation="get_capabilities",
            handler=arms.CapabilitiesOf(arm_id=arm_id).capabilities,
            summary="Read what this arm can do",
            tag="arm",
            scope="arm:list",
            told=_CAPABILITIES,
        ),
    )
