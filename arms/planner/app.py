"""The planner, put together."""

import grpc
from octollm.arms.v1 import planner_pb2_grpc

from arms.calls import Calls
from arms.host import HostedArm
from arms.planner.planner import Planner
from arms.planner.servicer import SERVICE_NAME, PlannerServicer
from servicekit.status_board import StatusBoard


def host_planner() -> HostedArm:
    """The planner as a process runs it."""
    planner = Planner()

    def add_service(calls: Calls, server: grpc.aio.Server) -> None:
        planner_pb2_grpc.add_PlannerServiceServicer_to_server(
            PlannerServicer(calls=calls, planner=planner), server
        )

    return HostedArm(
        arm=planner,
        board=StatusBoard(service=Planner.arm_id),
        add_typed=add_service,
        typed=[SERVICE_NAME],
    )
