"""Chooses where things are in one run: ports, sockets, logs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.ports import count_grpc, count_rest, usable_ports
from cli.rundir import make_private, runtime_dir
from cli.settings import ServeSettings
from cli.supervisor.logfiles import make_log_dir


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where things are in one run.

    Args:
        rest: REST port by service.
        grpc: gRPC port by service.
        sockets: directory of the services' Unix sockets.
        logs: directory of the log files.
    """

    rest: Mapping[str, int]
    grpc: Mapping[str, int]
    sockets: Path
    logs: Path


def make_layout(settings: ServeSettings, *, environ: Mapping[str, str]) -> Layout:
    """Choose ports and make the directories; sockets that a killed run left are removed.

    Args:
        settings: the data directory, which exists and is locked, the host and the base ports.
        environ: our environment.

    Raises:
        ConflictError: a port is taken.
        UnavailableError: a directory is somebody else's.
        ValidationFailedError: there are no such ports.
    """
    sockets = runtime_dir(settings.data_dir, environ=environ) / "services"
    make_private(sockets, mode=0o700)
    for stale in sockets.iterdir():
        stale.unlink()
    return Layout(
        rest=usable_ports(count_rest(settings.port), host=settings.host, flag="--port"),
        grpc=usable_ports(count_grpc(settings.grpc_port), host=settings.host, flag="--grpc-port"),
        sockets=sockets,
        logs=make_log_dir(settings.data_dir),
    )
