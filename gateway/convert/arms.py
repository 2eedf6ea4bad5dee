"""Arms as callers read them."""

from typing import Any

from octollm.arms.v1 import arm_pb2
from octollm.orchestrator.v1 import arm_registry_pb2 as pb

from gateway.convert.values import checked_json, names

ARM_STATUS = names(pb.ArmStatus.DESCRIPTOR, prefix="ARM_STATUS_")


def arm(it: pb.Arm) -> dict[str, Any]:
    """A registered arm; see `gateway.schemas.arms.Arm`."""
    about = it.description
    return {
        "arm_id": about.arm_id,
        "name": about.name,
        "description": about.description,
        "capabilities": [capability.name for capability in about.capabilities],
        "cost_tier": about.cost_tier,
        "endpoint": about.endpoint,
        "status": ARM_STATUS.get(it.status, "unavailable"),
    }


def capabilities(it: arm_pb2.GetCapabilitiesResponse) -> dict[str, Any]:
    """What an arm says of itself; see `gateway.schemas.arms.ArmCapabilities`."""
    return {
        "arm_id": it.arm_id,
        "instance_id": it.instance_id,
        "name": it.name,
        "description": it.description,
        "version": it.version,
        "cost_tier": it.cost_tier,
        "capabilities": [
            {
                "name": capability.name,
                "description": capability.description,
                "input_schema": checked_json(capability.input_schema_json),
                "output_schema": checked_json(capability.output_schema_json),
            }
            for capability in it.capabilities
        ],
    }
