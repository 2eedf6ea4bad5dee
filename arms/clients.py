"""The register of arms at the orchestrator, over gRPC."""

import grpc
from octollm.orchestrator.v1 import arm_registry_pb2, arm_registry_pb2_grpc

from arms import convert
from arms.arm import Arm
from arms.registration import Sign
from servicekit.status_board import Health

_STATUSES = {
    Health.HEALTHY: arm_registry_pb2.ARM_STATUS_HEALTHY,
    Health.DEGRADED: arm_registry_pb2.ARM_STATUS_DEGRADED,
    Health.UNAVAILABLE: arm_registry_pb2.ARM_STATUS_UNAVAILABLE,
}
_DETAIL_CHARACTERS = 500


class GrpcRegister:
    """Registers arm instances."""

    def __init__(self, *, channel: grpc.aio.Channel) -> None:
        self._stub = arm_registry_pb2_grpc.ArmRegistryServiceStub(channel)

    async def register(self, *, arm: Arm, instance_id: str, endpoint: str, sign: Sign) -> float:
        """Make an instance known; how many seconds may pass between its heartbeats."""
        response = await self._stub.RegisterArm(
            arm_registry_pb2.RegisterArmRequest(
                instance_id=instance_id,
                arm=_description(arm, endpoint=endpoint),
                status=_STATUSES[sign.health],
                status_detail=sign.detail[:_DETAIL_CHARACTERS],
            )
        )
        return response.heartbeat_interval_seconds

    async def heartbeat(self, *, instance_id: str, sign: Sign) -> bool:
        """Say that an instance is alive; False when it must register again."""
        response = await self._stub.HeartbeatArm(
            arm_registry_pb2.HeartbeatArmRequest(
                instance_id=instance_id,
                status=_STATUSES[sign.health],
                status_detail=sign.detail[:_DETAIL_CHARACTERS],
                running=sign.running,
            )
        )
        return response.known

    async def deregister(self, *, instance_id: str) -> None:
        """Take an instance out."""
        await self._stub.DeregisterArm(arm_registry_pb2.DeregisterArmRequest(instance_id=instance_id))


def _description(arm: Arm, *, endpoint: str) -> arm_registry_pb2.ArmDescription:
    return arm_registry_pb2.ArmDescription(
        arm_id=arm.arm_id,
        name=arm.name,
        description=arm.description,
        version=arm.version,
        capabilities=[convert.capability_to(capability) for capability in arm.capabilities],
        cost_tier=arm.cost_tier,
        endpoint=endpoint,
        max_concurrency=arm.max_concurrency,
    )
