"""What `octollm serve` is told by flags and variables, and where an installation keeps its data."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

NAME = "octollm"


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """What the supervisor needs to know.

    Args:
        data_dir: everything that outlives a run lies here.
        host: address the TCP ports bind to.
        port: first REST port, the gateway's; 0 takes free ones.
        grpc_port: first gRPC port, the orchestrator's; 0 takes free ones.
        database_url: a PostgreSQL to use instead of the embedded one.
        redis_url: a Redis to share the cache in; None keeps it in process.
        model: name of the language model, such as ``local`` or ``anthropic:...``.
        workers: processes that answer REST.
        auth: ``none`` or ``required``: whether callers must say who they are.
        expose_without_auth: lets `host` be more than loopback while nobody has to.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    grpc_port: int = 9000
    database_url: str | None = None
    redis_url: str | None = None
    model: str = "local"
    workers: int = 1
    auth: str = "none"
    expose_without_auth: bool = False


def default_data_dir(*, environ: Mapping[str, str]) -> Path:
    """Return where data goes when nobody says: the user's XDG data home, or /var/lib/octollm for root."""
    if os.geteuid() == 0:
        return Path("/var/lib") / NAME  # the account PostgreSQL runs as cannot enter root's home
    if home := environ.get("XDG_DATA_HOME"):
        return Path(home) / NAME
    return platformdirs.user_data_path(NAME)
