"""ArmRegistryService: proto in, call, proto out."""

from typing import Any

import grpc
from octollm.orchestrator.v1 import arm_registry_pb2, arm_registry_pb2_grpc

from orchestrator.registry import Registry
from orchestrator.servicer import requests, responses

Context = grpc.aio.ServicerContext[Any, Any]


class ArmRegistryServicer(arm_registry_pb2_grpc.ArmRegistryServiceServicer):
    """Serves the register of arms.

    Args:
        registry: what is served.
    """

    def __init__(self, *, registry: Registry) -> None:
        self._registry = registry

    async def RegisterArm(
        self, request: arm_registry_pb2.RegisterArmRequest, context: Context
    ) -> arm_registry_pb2.RegisterArmResponse:
        """Make an instance known."""
        interval = await self._registry.register(
            instance_id=request.instance_id,
            arm=requests.description_from(request.arm),
            status=requests.status_from(request.status),
            detail=request.status_detail,
        )
        return arm_registry_pb2.RegisterArmResponse(heartbeat_interval_seconds=interval)

    async def HeartbeatArm(
        self, request: arm_registry_pb2.HeartbeatArmRequest, context: Context
    ) -> arm_registry_pb2.HeartbeatArmResponse:
        """Note a sign of life."""
        known = await self._registry.heartbeat(
            instance_id=request.instance_id,
            status=requests.status_from(request.status),
            detail=request.status_detail,
            running=request.running,
        )
        return arm_registry_pb2.HeartbeatArmResponse(known=known)

    async def DeregisterArm(
        self, request: arm_registry_pb2.DeregisterArmRequest, context: Context
    ) -> arm_registry_pb2.DeregisterArmResponse:
        """Take an instance out."""
        await self._registry.deregister(instance_id=request.instance_id)
        return arm_registry_pb2.DeregisterArmResponse()

    async def GetArm(
        self, request: arm_registry_pb2.GetArmRequest, context: Context
    ) -> arm_registry_pb2.GetArmResponse:
        """One arm."""
        return arm_registry_pb2.GetArmResponse(arm=responses.arm_to(await self._registry.arm(request.arm_id)))

    async def ListArms(
        self, request: arm_registry_pb2.ListArmsRequest, context: Context
    ) -> arm_registry_pb2.ListArmsResponse:
        """The arms."""
        arms = await self._registry.arms()
        size = request.page_size or requests.DEFAULT_PAGE_SIZE
        first = (max(request.page, 1) - 1) * size
        page = arms[first : first + size]
        return arm_registry_pb2.ListArmsResponse(arms=map(responses.arm_to, page), total_items=len(arms))
