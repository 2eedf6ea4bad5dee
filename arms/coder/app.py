"""The coder, put together."""

import grpc
from octollm.arms.v1 import coder_pb2_grpc

from arms.calls import Calls
from arms.coder.coder import Coder
from arms.coder.servicer import SERVICE_NAME, CoderServicer
from arms.host import HostedArm
from servicekit.status_board import StatusBoard


def host_coder() -> HostedArm:
    """The coder as a process runs it."""
    return HostedArm(
        arm=Coder(), board=StatusBoard(service=Coder.arm_id), add_typed=_add_service, typed=[SERVICE_NAME]
    )


def _add_service(calls: Calls, server: grpc.aio.Server) -> None:
    coder_pb2_grpc.add_CoderServiceServicer_to_server(CoderServicer(calls=calls), server)
