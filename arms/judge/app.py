"""The judge, put together."""

import grpc
from octollm.arms.v1 import judge_pb2_grpc

from arms.calls import Calls
from arms.host import HostedArm
from arms.judge.judge import Judge
from arms.judge.servicer import SERVICE_NAME, JudgeServicer
from servicekit.status_board import StatusBoard


def host_judge() -> HostedArm:
    """The judge as a process runs it."""
    return HostedArm(
        arm=Judge(), board=StatusBoard(service=Judge.arm_id), add_typed=_add_service, typed=[SERVICE_NAME]
    )


def _add_service(calls: Calls, server: grpc.aio.Server) -> None:
    judge_pb2_grpc.add_JudgeServiceServicer_to_server(JudgeServicer(calls=calls), server)
