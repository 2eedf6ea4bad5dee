"""Options of `octollm serve`; those of `serve arm` stand in serve_arm_options.py."""

from typing import Annotated, Literal

import typer

Names = Annotated[
    list[str],
    typer.Argument(
        help="`all`; services: gateway, orchestrator, reflex, arms; or `arm`: one of your own.",
        metavar="NAME...",
    ),
]
DataDir = Annotated[
    str | None,
    typer.Option("--data-dir", envvar="OCTOLLM_DATA_DIR", help="Where everything that outlives a run lies."),
]
Host = Annotated[str, typer.Option("--host", envvar="OCTOLLM_HOST", help="Address the TCP ports bind to.")]
Port = Annotated[
    int,
    typer.Option(
        "--port",
        envvar="OCTOLLM_PORT",
        min=0,
        help="The gateway's port; the others follow. 0 takes free ones.",
    ),
]
GrpcPort = Annotated[
    int,
    typer.Option(
        "--grpc-port",
        envvar="OCTOLLM_GRPC_PORT",
        min=0,
        help="The orchestrator's gRPC port; the others follow. 0 takes free ones.",
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="OCTOLLM_DATABASE_URL",
        help="A PostgreSQL to use instead of the embedded one.",
    ),
]
RedisUrl = Annotated[
    str | None, typer.Option("--redis-url", envvar="OCTOLLM_REDIS_URL", help="A Redis to share the cache in.")
]
Auth = Annotated[
    Literal["none", "required"],
    typer.Option(
        "--auth",
        envvar="OCTOLLM_AUTH",
        help="none: everybody on this machine may do everything; required: callers show a token.",
    ),
]
ExposeWithoutAuth = Annotated[
    bool,
    typer.Option(
        "--expose-without-auth",
        envvar="OCTOLLM_EXPOSE_WITHOUT_AUTH",
        help="Let --host be more than loopback although nobody has to show a token.",
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        envvar="OCTOLLM_GATEWAY_WORKERS",
        min=1,
        max=64,
        help="Processes of the gateway that answer REST, on the same ports.",
    ),
]
Model = Annotated[str, typer.Option("--model", envvar="OCTOLLM_MODEL", help="The language model to use.")]
