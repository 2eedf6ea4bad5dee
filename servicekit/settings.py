"""Settings that every service has, read once from OCTOLLM_* variables."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_REST_PORTS = {
    "gateway": 8000,
    "reflex": 8001,
    "planner": 8002,
    "executor": 8003,
    "retriever": 8004,
    "coder": 8005,
    "judge": 8006,
    "guardian": 8007,
}
"""REST ports by service, all served by the gateway process."""

DEFAULT_GRPC_PORTS = {
    "orchestrator": 9000,
    "reflex": 9001,
    "planner": 9002,
    "executor": 9003,
    "retriever": 9004,
    "coder": 9005,
    "judge": 9006,
    "guardian": 9007,
}
"""gRPC ports by service."""


class ServiceSettings(BaseSettings):
    """What any service needs to know of its surroundings."""

    model_config = SettingsConfigDict(env_prefix="OCTOLLM_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    """The address that TCP ports bind to, and where the other services are looked for."""
    ports: dict[str, int] = Field(default_factory=lambda: dict(DEFAULT_REST_PORTS))
    """REST port by service name; 0 takes a free one."""
    grpc_ports: dict[str, int] = Field(default_factory=lambda: dict(DEFAULT_GRPC_PORTS))
    """gRPC port by service name; 0 takes a free one."""
    socket_dir: Path | None = None
    """When set, services listen on ``<socket_dir>/<name>.sock`` too, and reach each other there."""
    data_dir: Path | None = None
    """Where a service may keep files; None where it keeps none."""
    log_level: str = "INFO"
    """The least level that is logged."""
    drain_seconds: float = 8.0
    """How long running work may take to end after SIGTERM."""

    def listen(self, name: str) -> list[str]:
        """The gRPC addresses that service `name` binds."""
        addresses = [f"unix:{self.socket_dir / name}.sock"] if self.socket_dir else []
        if name in self.grpc_ports:
            addresses.append(f"{self.host}:{self.grpc_ports[name]}")
        return addresses

    def target(self, name: str) -> str:
        """The gRPC target under which service `name` is called."""
        if self.socket_dir:
            return f"unix:{self.socket_dir / name}.sock"
        return f"{self.host}:{self.grpc_ports[name]}"
