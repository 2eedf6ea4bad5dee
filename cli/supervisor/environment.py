"""What a process is told through OCTOLLM_* variables: never by its arguments, which everybody can read."""

import json
from collections.abc import Mapping

from cli.settings import ServeSettings
from cli.supervisor.layout import Layout

GRPC_DEFAULTS = {
    # Programs are started from processes that speak gRPC, never forked to go on speaking it: without its fork
    # handlers gRPC neither slows such a start nor writes a line that is no JSON into the log.
    "GRPC_ENABLE_FORK_SUPPORT": "false",
}

_TOLD = frozenset(
    {
        "OCTOLLM_DATABASE_URL",
        "OCTOLLM_DATABASE_URL_FILE",
        "OCTOLLM_REDIS_URL_FILE",
        "OCTOLLM_TOKEN",
        "OCTOLLM_TOKEN_FILE",
    }
)
"""What is told to those who need it, was read from its file already, or is for the client commands."""


_ONLY: Mapping[str, frozenset[str]] = {
    "OCTOLLM_JWT_SECRET": frozenset({"gateway"}),
    "OCTOLLM_API_KEY_PEPPER": frozenset({"orchestrator"}),
    "OCTOLLM_INTERNAL_KEY": frozenset({"gateway", "orchestrator", "arms"}),
}
"""Secrets that some processes need and the others must not have, themselves or by their files."""


def for_services(environ: Mapping[str, str], *, process: str, calls_models: bool) -> dict[str, str]:
    """Return what a process of ours sees of our environment: no secret of another's.

    Args:
        environ: our environment.
        process: its name.
        calls_models: whether it may see the keys of model providers.
    """
    shared = {
        name: value
        for name, value in environ.items()
        if name not in _TOLD
        and process in _ONLY.get(name.removesuffix("_FILE"), {process})
        and (calls_models or not name.endswith(("_API_KEY", "_API_KEY_FILE")))
    }
    return GRPC_DEFAULTS | shared


def where_things_are(settings: ServeSettings, *, layout: Layout) -> dict[str, str]:
    """Return the variables that tell every service where things are in this run."""
    told = {
        "OCTOLLM_DATA_DIR": str(settings.data_dir),
        "OCTOLLM_HOST": settings.host,
        "OCTOLLM_PORTS": json.dumps(dict(layout.rest)),
        "OCTOLLM_GRPC_PORTS": json.dumps(dict(layout.grpc)),
        "OCTOLLM_SOCKET_DIR": str(layout.sockets),
        "OCTOLLM_MODEL": settings.model,
        "OCTOLLM_GATEWAY_WORKERS": str(settings.workers),
        "OCTOLLM_AUTH": settings.auth,
        "OCTOLLM_EXPOSE_WITHOUT_AUTH": str(settings.expose_without_auth).lower(),
    }
    if layout.internal_key:
        told["OCTOLLM_INTERNAL_KEY_FILE"] = str(layout.internal_key)
    return told | ({"OCTOLLM_REDIS_URL": settings.redis_url} if settings.redis_url else {})
