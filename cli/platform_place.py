"""Finds a running platform from outside of it: its orchestrator, and the local model it runs."""

import os
from dataclasses import dataclass
from pathlib import Path

from cli.supervisor.endpoints import read_endpoints
from cli.supervisor.model import STATE_FILE
from servicekit.errors import UnavailableError


@dataclass(frozen=True, kw_only=True)
class PlatformPlace:
    """Where a platform is.

    Attributes:
        orchestrator: the orchestrator's gRPC target.
        model_state_file: where the local model's server tells how far it is; None when it is not to be found.
        internal_key: the file of the key by which its services know each other; None when they need none.
    """

    orchestrator: str
    model_state_file: Path | None = None
    internal_key: Path | None = None


def find_platform(*, named: str | None, data_dir: Path) -> PlatformPlace:
    """Find the platform to register with.

    Args:
        named: the orchestrator's gRPC target, when the caller knows it; it wins.
        data_dir: where a platform on this machine keeps its ``endpoints.json``.

    Raises:
        UnavailableError: nobody names one, and none runs on the data directory.
    """
    endpoints = read_endpoints(data_dir / "endpoints.json")
    entry, key = endpoints.get("orchestrator", {}), endpoints.get("supervisor", {}).get("internal_key")
    socket, port = entry.get("socket"), entry.get("grpc")
    sockets = _folder_of(socket)
    target = named or (socket if sockets else port)
    if not isinstance(target, str):
        raise UnavailableError(
            f"No platform runs on the data directory {data_dir}: start one with `octollm serve all`, "
            "or say where it is with --data-dir or --orchestrator.",
            reason="PLATFORM_NOT_FOUND",
        )
    state_file = sockets / STATE_FILE if sockets else None
    return PlatformPlace(
        orchestrator=target,
        model_state_file=state_file if state_file and state_file.exists() else None,
        internal_key=Path(key) if isinstance(key, str) else None,
    )


def _folder_of(socket: object) -> Path | None:
    """The private directory of the services' sockets, when we may enter it."""
    if not isinstance(socket, str):
        return None
    path = Path(socket.removeprefix("unix:"))
    return path.parent if os.access(path.parent, os.X_OK) and path.exists() else None
