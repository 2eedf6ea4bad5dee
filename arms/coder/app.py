"""The coder, put together."""

import grpc
from octollm.arms.v1 import coder_pb2_grpc

from arms.calls import Calls
from arms.coder.coder import Coder
from arms.coder.servicer import SERVICE_NAME, CoderServicer
from arms.host import HostedArm
from arms.programs.program import NoRunner, Runner
from servicekit.status_board import StatusBoard


def host_coder(*, runner: Runner | None = None) -> HostedArm:
    """The coder as a process runs it.

    Args:
        runner: runs what it writes; None runs nothing, and every answer says so.
    """
    given = runner or NoRunner()

    def add_service(calls: Calls, server: grpc.aio.Server) -> None:
        servicer = CoderServicer(calls=calls, runner=given)
        coder_pb2_grpc.add_CoderServiceServicer_to_server(servicer, server)

    return HostedArm(
        arm=Coder(runner=given),
        board=StatusBoard(service=Coder.arm_id),
        add_typed=add_service,
        typed=[SERVICE_NAME],
    )
