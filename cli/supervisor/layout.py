"""Chooses where things are in one run: ports, sockets, logs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.ports import count_grpc, count_rest, usable_ports
from cli.rundir import make_private, runtime_dir
from cli.settings import ServeSettings
from cli.supervisor.internal_key import forget_key, kept_key
from cli.supervisor.logfiles import make_log_dir
from servicekit.secret_files import secret_from
from servicekit.settings import check_exposure


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where things are in one run.

    Args:
        rest: REST port by service.
        grpc: gRPC port by service.
        sockets: directory of the services' Unix sockets.
        logs: directory of the log files.
        internal_key: the file of the key that the services share; None when they need none or were given one.
    """

    rest: Mapping[str, int]
    grpc: Mapping[str, int]
    sockets: Path
    logs: Path
    internal_key: Path | None = None


def make_layout(settings: ServeSettings, *, environ: Mapping[str, str]) -> Layout:
    """Choose ports and make the directories; sockets that a killed run left are removed.

    Args:
        settings: the data directory, which exists and is locked, the host and the base ports.
        environ: our environment.

    Raises:
        ConflictError: a port is taken.
        UnavailableError: a directory is somebody else's.
        ValidationFailedError: there are no such ports, or others could reach them without authentication.
    """
    check_exposure(host=settings.host, auth=settings.auth, allowed=settings.expose_without_auth)
    sockets = runtime_dir(settings.data_dir, environ=environ) / "services"
    make_private(sockets, mode=0o700)
    for stale in sockets.iterdir():
        stale.unlink()
    return Layout(
        rest=usable_ports(count_rest(settings.port), host=settings.host, flag="--port"),
        grpc=usable_ports(count_grpc(settings.grpc_port), host=settings.host, flag="--grpc-port"),
        sockets=sockets,
        logs=make_log_dir(settings.data_dir),
        internal_key=_internal_key(settings, environ=environ),
    )


def _internal_key(settings: ServeSettings, *, environ: Mapping[str, str]) -> Path | None:
    if settings.auth == "none" or secret_from(environ, "OCTOLLM_INTERNAL_KEY"):
        forget_key(settings.data_dir)  # who finds a key here takes it for the one in use
        return None
    return kept_key(settings.data_dir)
