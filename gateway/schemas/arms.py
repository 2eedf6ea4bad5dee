"""Arms as the register knows them, and what an arm says it can do."""

from typing import Any, Literal

from pydantic import Field

from gateway.schemas.base import Told
from gateway.schemas.paging import Pagination

Health = Literal["healthy", "degraded", "unavailable"]


class Arm(Told):
    """A registered arm."""

    arm_id: str
    name: str
    description: str
    capabilities: list[str]
    cost_tier: int = Field(ge=1, le=5)
    endpoint: str
    status: Health


class ArmPage(Told):
    """One page of arms, by arm_id."""

    data: list[Arm]
    pagination: Pagination


class Capability(Told):
    """One thing that an arm can do."""

    name: str
    description: str
    input_schema: dict[str, Any] | None
    output_schema: dict[str, Any] | None


class ArmCapabilities(Told):
    """What an arm says of itself."""

    arm_id: str
    instance_id: str
    name: str
    description: str
    version: str
    cost_tier: int = Field(ge=0, le=5)
    capabilities: list[Capability]
