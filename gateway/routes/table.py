"""Which port serves which routes. A route stands here once; it is served and documented from here."""

from collections.abc import Mapping, Sequence

from gateway.clients import ARMS
from gateway.routes.arm_table import ARM_ROUTES, arm_port_routes
from gateway.routes.common_table import common_routes
from gateway.routes.reflex_table import REFLEX_ROUTES
from gateway.routes.task_table import TASK_ROUTES
from gateway.routing.route import AnyRoute

DOORS = ("gateway", "reflex", *ARMS)
"""Every port by the service whose API it serves."""


def routes_of(door: str) -> Sequence[AnyRoute]:
    """The routes of one port."""
    common = common_routes(door)
    if door == "gateway":
        return [*TASK_ROUTES, *REFLEX_ROUTES, *ARM_ROUTES, *common]
    if door == "reflex":
        return [*REFLEX_ROUTES, *common]
    return [*arm_port_routes(door), *common]


def all_routes() -> Mapping[str, Sequence[AnyRoute]]:
    """The routes of every port."""
    return {door: routes_of(door) for door in DOORS}
