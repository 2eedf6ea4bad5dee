"""Arms as the register knows them; numbers equal those of the protos."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class ArmStatus(IntEnum):
    """How well an arm works; higher is worse."""

    HEALTHY = 1
    DEGRADED = 2
    UNAVAILABLE = 3


@dataclass(frozen=True, kw_only=True)
class Capability:
    """One thing that an arm can do."""

    name: str
    description: str = ""
    input_schema_json: str = ""
    output_schema_json: str = ""


@dataclass(frozen=True, kw_only=True)
class ArmDescription:
    """What an arm says of itself."""

    arm_id: str
    name: str
    description: str = ""
    version: str = ""
    capabilities: tuple[Capability, ...]
    cost_tier: int
    endpoint: str
    max_concurrency: int = 1


@dataclass(frozen=True, kw_only=True)
class ArmInstance:
    """One running instance of an arm, as the register knows it; one that is silent counts as unavailable."""

    instance_id: str
    description: ArmDescription
    status: ArmStatus
    status_detail: str
    running: int
    registered_at: datetime
    last_seen_at: datetime
    silent: bool = False

    def holds(self, capability: str) -> bool:
        """Whether the instance says that it can do this."""
        return any(held.name == capability for held in self.description.capabilities)
