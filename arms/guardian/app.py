"""The guardian, put together."""

import asyncio

import grpc
from octollm.arms.v1 import guardian_pb2_grpc

from arms.calls import Calls
from arms.guardian.clients import GrpcReflex
from arms.guardian.guardian import Guardian
from arms.guardian.house import Houses
from arms.guardian.policy_file import read_policies
from arms.guardian.reviewing import Reviewer
from arms.guardian.servicer import SERVICE_NAME, GuardianServicer
from arms.guardian.settings import GuardianSettings
from arms.host import HostedArm
from servicekit.errors import OctoError
from servicekit.status_board import Health, StatusBoard

_LOOK_SECONDS = 2.0
_IMPATIENT_SECONDS = 0.2


def host_guardian(*, channel: grpc.aio.Channel, settings: GuardianSettings | None = None) -> HostedArm:
    """The guardian as a process runs it.

    Args:
        channel: to the reflex.
        settings: where the policy is; read from the environment when None.

    Raises:
        ValidationFailedError: the policy file cannot be read or is wrong.
    """
    reflex, board = GrpcReflex(channel=channel), StatusBoard(service=Guardian.arm_id)
    policies = read_policies((settings or GuardianSettings()).guardian_policy)
    reviewer = Reviewer(reflex=reflex, houses=Houses(policies))

    def add_service(calls: Calls, server: grpc.aio.Server) -> None:
        guardian_pb2_grpc.add_GuardianServiceServicer_to_server(
            GuardianServicer(calls=calls, reviewer=reviewer), server
        )

    async def watch() -> None:
        await _watch_reflex(reflex, board=board)

    board.set("reflex", Health.UNAVAILABLE, detail="it was not asked yet", required=True)
    return HostedArm(
        arm=Guardian(reviewer=reviewer, screens=policies.is_about_what_comes_in),
        board=board,
        add_typed=add_service,
        typed=[SERVICE_NAME],
        background=[watch],
    )


async def _watch_reflex(reflex: GrpcReflex, *, board: StatusBoard) -> None:
    """Keep the board true: without the reflex nothing is reviewed."""
    while True:
        try:
            await reflex.answers()
        except OctoError as error:
            board.set("reflex", Health.UNAVAILABLE, detail=error.message, required=True)
            await asyncio.sleep(_IMPATIENT_SECONDS)
        else:
            board.set("reflex", Health.HEALTHY, required=True)
            await asyncio.sleep(_LOOK_SECONDS)
