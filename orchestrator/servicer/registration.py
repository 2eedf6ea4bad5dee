"""The four services of an orchestrator, and what answers each."""

import grpc
from octollm.orchestrator.v1 import (
    arm_registry_pb2,
    arm_registry_pb2_grpc,
    capability_pb2,
    capability_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    tasks_pb2,
    tasks_pb2_grpc,
)

from orchestrator.parts import Parts
from orchestrator.servicer.arm_servicer import ArmRegistryServicer
from orchestrator.servicer.capability_servicer import CapabilityServicer
from orchestrator.servicer.identity_servicer import IdentityServicer
from orchestrator.servicer.task_servicer import TaskServicer

SERVICES = (
    tasks_pb2.DESCRIPTOR.services_by_name["TaskService"].full_name,
    arm_registry_pb2.DESCRIPTOR.services_by_name["ArmRegistryService"].full_name,
    identity_pb2.DESCRIPTOR.services_by_name["IdentityService"].full_name,
    capability_pb2.DESCRIPTOR.services_by_name["CapabilityService"].full_name,
)
"""Their full names, for health and reflection."""


def add_servicers(parts: Parts, server: grpc.aio.Server) -> None:
    """Let the parts answer at the server."""
    tasks_pb2_grpc.add_TaskServiceServicer_to_server(TaskServicer(tasks=parts.tasks), server)
    arm_registry_pb2_grpc.add_ArmRegistryServiceServicer_to_server(
        ArmRegistryServicer(registry=parts.registry), server
    )
    identity_pb2_grpc.add_IdentityServiceServicer_to_server(
        IdentityServicer(keys=parts.keys, audit=parts.audit), server
    )
    capability_pb2_grpc.add_CapabilityServiceServicer_to_server(
        CapabilityServicer(capabilities=parts.capabilities, keys=parts.signing, rotation=parts.rotation),
        server,
    )
