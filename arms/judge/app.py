"""The judge, put together."""

import grpc
from octollm.arms.v1 import judge_pb2_grpc

from arms.calls import Calls
from arms.host import HostedArm
from arms.judge.judge import Judge
from arms.judge.servicer import SERVICE_NAME, JudgeServicer
from arms.programs.program import NoRunner, Runner
from servicekit.status_board import StatusBoard


def host_judge(*, runner: Runner | None = None) -> HostedArm:
    """The judge as a process runs it.

    Args:
        runner: runs the code of outputs; None runs nothing, and verdicts that need it say so.
    """
    given = runner or NoRunner()

    def add_service(calls: Calls, server: grpc.aio.Server) -> None:
        judge_pb2_grpc.add_JudgeServiceServicer_to_server(JudgeServicer(calls=calls, runner=given), server)

    return HostedArm(
        arm=Judge(runner=given),
        board=StatusBoard(service=Judge.arm_id),
        add_typed=add_service,
        typed=[SERVICE_NAME],
    )
