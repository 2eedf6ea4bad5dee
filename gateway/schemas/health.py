"""Health: how a service and everything it depends on work."""

from typing import Literal

from pydantic import Field

from gateway.schemas.base import Instant, Told

Health = Literal["healthy", "degraded", "unavailable"]


class Dependency(Told):
    """Something that the service needs or uses."""

    name: str = Field(
        description="Such as `orchestrator`, or `orchestrator/postgresql` for a dependency's dependency."
    )
    status: Health
    detail: str = Field(description="For people: what is wrong and what to do; empty when healthy.")
    required: bool = Field(description="Whether nothing useful can be done without it.")


class HealthReport(Told):
    """How a service works; the answer is 200 as long as somebody is there to give it."""

    status: Health
    service: str
    version: str
    started_at: Instant | None
    draining: bool
    dependencies: list[Dependency]


class Ready(Told):
    """The service takes requests."""

    status: Literal["ready"]
