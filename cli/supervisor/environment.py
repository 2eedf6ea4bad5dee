"""What a process is told through OCTOLLM_* variables: never by its arguments, which everybody can read."""

import json
from collections.abc import Mapping

from cli.settings import ServeSettings
from cli.supervisor.layout import Layout


def common_environment(
    settings: ServeSettings, *, layout: Layout, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return what every service is told: our own environment, and where things are in this run."""
    told = {
        "OCTOLLM_DATA_DIR": str(settings.data_dir),
        "OCTOLLM_HOST": settings.host,
        "OCTOLLM_PORTS": json.dumps(dict(layout.rest)),
        "OCTOLLM_GRPC_PORTS": json.dumps(dict(layout.grpc)),
        "OCTOLLM_SOCKET_DIR": str(layout.sockets),
        "OCTOLLM_MODEL": settings.model,
    }
    if settings.redis_url:
        told["OCTOLLM_REDIS_URL"] = settings.redis_url
    # Who opens PostgreSQL is told its URL; nobody else is, whatever our own environment holds.
    return {name: value for name, value in environ.items() if name != "OCTOLLM_DATABASE_URL"} | told
