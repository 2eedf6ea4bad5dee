"""`octollm serve`: everything on this machine (`all`), or single services in one process."""

import asyncio
import json
import os
from pathlib import Path

from rich.console import Console

from cli.commands.serve_arm_options import ArmId, ArmModule, ArmPort, McpCommand, McpEnv, Orchestrator
from cli.commands.serve_options import (
    Auth,
    DatabaseUrl,
    DataDir,
    ExposeWithoutAuth,
    GrpcPort,
    Host,
    Model,
    Names,
    Port,
    RedisUrl,
    Workers,
)
from cli.ports import count_grpc, count_rest
from cli.settings import ServeSettings, default_data_dir
from servicekit.errors import ValidationFailedError
from servicekit.secret_files import secret_from


def serve(
    names: Names,
    data_dir: DataDir = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    grpc_port: GrpcPort = 9000,
    database_url: DatabaseUrl = None,
    redis_url: RedisUrl = None,
    model: Model = "local",
    workers: Workers = 1,
    auth: Auth = "none",
    expose_without_auth: ExposeWithoutAuth = False,
    module: ArmModule = None,
    mcp: McpCommand = None,
    mcp_env: McpEnv = None,
    arm_id: ArmId = None,
    arm_port: ArmPort = 0,
    orchestrator: Orchestrator = None,
) -> None:
    """Run everything on this machine, or single services, until SIGTERM or Ctrl-C."""
    settings = ServeSettings(
        data_dir=Path(data_dir) if data_dir else default_data_dir(environ=os.environ),
        host=host,
        port=port,
        grpc_port=grpc_port,
        database_url=database_url or secret_from(os.environ, "OCTOLLM_DATABASE_URL"),
        redis_url=redis_url or secret_from(os.environ, "OCTOLLM_REDIS_URL"),
        model=model,
        workers=workers,
        auth=auth,
        expose_without_auth=expose_without_auth,
    )
    if names == ["arm"]:
        from cli.commands.serve_arm import Wanted, serve_arm

        wanted = Wanted(module=module, mcp=mcp, mcp_env=tuple(mcp_env or ()), arm_id=arm_id, port=arm_port)
        serve_arm(wanted, orchestrator=orchestrator, settings=settings, environ=os.environ)
    elif module or mcp:
        raise ValidationFailedError(
            "--module and --mcp belong to `octollm serve arm`, alone.", field="module"
        )
    else:
        _serve_services(names, settings)


FROM_FILES = ("OCTOLLM_DATABASE_URL", "OCTOLLM_REDIS_URL")
"""Secrets that are flags too, and so are read here."""


def _serve_services(names: list[str], settings: ServeSettings) -> None:
    if "all" not in names:
        _serve_here(names, settings)
    elif names == ["all"]:
        _serve_all(settings)
    else:
        raise ValidationFailedError("`all` stands alone: it is every service.", field="name")


def _serve_all(settings: ServeSettings) -> None:
    from cli.supervisor.supervise import supervise

    asyncio.run(supervise(settings, environ=os.environ, console=Console()))


def _serve_here(names: list[str], settings: ServeSettings) -> None:
    """Hand the flags to the services the way they are always told: through the environment."""
    from cli.serve import BUILDERS, serve

    told = {
        "OCTOLLM_DATA_DIR": str(settings.data_dir),
        "OCTOLLM_HOST": settings.host,
        "OCTOLLM_PORTS": os.environ.get("OCTOLLM_PORTS") or json.dumps(count_rest(settings.port)),
        "OCTOLLM_GRPC_PORTS": os.environ.get("OCTOLLM_GRPC_PORTS")
        or json.dumps(count_grpc(settings.grpc_port)),
        "OCTOLLM_DATABASE_URL": settings.database_url,
        "OCTOLLM_REDIS_URL": settings.redis_url,
        "OCTOLLM_MODEL": settings.model,
        "OCTOLLM_GATEWAY_WORKERS": str(settings.workers),
        "OCTOLLM_AUTH": settings.auth,
        "OCTOLLM_EXPOSE_WITHOUT_AUTH": "true" if settings.expose_without_auth else None,
    }
    os.environ.update({name: value for name, value in told.items() if value})
    for name in FROM_FILES:  # read above: what a flag or a file said stands in the variable now
        os.environ.pop(f"{name}_FILE", None)
    serve(names, builders=BUILDERS, environ=os.environ)
