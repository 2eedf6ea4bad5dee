"""A gRPC server as every service has it: interceptors, health, reflection, status, drain, stop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
from grpc_reflection.v1alpha import reflection
from octollm.service.v1 import status_pb2, status_pb2_grpc

from servicekit.context import set_service
from servicekit.errors import UnavailableError
from servicekit.health import HEALTH_SERVICE, HealthMirror
from servicekit.interceptors import server_interceptors
from servicekit.internal_tokens import InternalTokens
from servicekit.metrics import Metrics
from servicekit.running import Running
from servicekit.status_board import StatusBoard
from servicekit.status_servicer import StatusServicer
from servicekit.tls import MutualTls
from servicekit.validation import Validator

OPTIONS: Sequence[tuple[str, Any]] = (
    # On Linux two servers would share a port in silence; a taken port must be an error.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 8 * 1024 * 1024),
)


@asynccontextmanager
async def serve(
    *,
    name: str,
    addresses: Sequence[str],
    register: Callable[[grpc.aio.Server], None],
    services: Sequence[str],
    board: StatusBoard,
    metrics: Metrics,
    validator: Validator | None = None,
    tokens: InternalTokens | None = None,
    tls: MutualTls | None = None,
    options: Sequence[tuple[str, Any]] = (),
) -> AsyncIterator[Running]:
    """Run a gRPC server until the block ends.

    Args:
        name: the service's name, for logs.
        addresses: what to bind, such as ``unix:/run/x.sock`` and ``127.0.0.1:0``.
        register: adds the service's own servicers to the server.
        services: full names of those servicers, for health and reflection.
        board: where the service's parts tell how they are.
        metrics: where calls are counted.
        validator: a shared one; its own when None.
        tokens: checks who calls; None while authentication is off.
        tls: its certificate, and whose it takes, on every address that is no Unix socket; None for plain.
        options: further gRPC options, stronger than the common ones.

    Yields:
        The running server; ``drain`` refuses new calls and waits for those that run.

    Raises:
        UnavailableError: when an address cannot be bound.
    """
    set_service(name)
    interceptors = server_interceptors(
        service=name, metrics=metrics, validator=validator or Validator(), tokens=tokens
    )
    # Of two options of a name gRPC takes the first.
    server = grpc.aio.server(
        interceptors=interceptors, options=list({**dict(OPTIONS), **dict(options)}.items())
    )
    register(server)
    health = _add_common(server, services=services, board=board, metrics=metrics)
    endpoints = _bind(server, name, addresses, tls=tls)
    await health.write()
    await server.start()
    mirror = asyncio.create_task(health.follow(), name=f"health of {name}")
    try:
        yield Running(name=name, endpoints=endpoints, drain=_drain(server, board))
    finally:
        mirror.cancel()
        await server.stop(0)


def _add_common(
    server: grpc.aio.Server, *, services: Sequence[str], board: StatusBoard, metrics: Metrics
) -> HealthMirror:
    """Add what every service answers beside its own: status, health, reflection."""
    status_pb2_grpc.add_StatusServiceServicer_to_server(StatusServicer(board=board, metrics=metrics), server)
    names = [*services, status_pb2.DESCRIPTOR.services_by_name["StatusService"].full_name]
    health = HealthMirror(board=board, services=names)
    health.register(server)
    reflection.enable_server_reflection([*names, HEALTH_SERVICE, reflection.SERVICE_NAME], server)
    return health


def _drain(server: grpc.aio.Server, board: StatusBoard) -> Callable[[float], Awaitable[None]]:
    async def drain(grace: float) -> None:
        board.start_draining()
        await server.stop(grace)

    return drain


def _bind(
    server: grpc.aio.Server, name: str, addresses: Sequence[str], *, tls: MutualTls | None
) -> dict[str, str]:
    endpoints: dict[str, str] = {}
    for address in addresses:
        try:
            if tls is None or address.startswith("unix:"):
                port = server.add_insecure_port(address)
            else:
                port = server.add_secure_port(address, tls.for_server())
        except RuntimeError as error:
            raise UnavailableError(
                f"{name} cannot listen on {address}: the port is taken or the path is not writable; "
                "free it, or choose another with --grpc-port",
                reason="ADDRESS_IN_USE",
            ) from error
        if address.startswith("unix:"):
            endpoints["socket"] = address
        else:
            endpoints["grpc"] = f"{address.rpartition(':')[0]}:{port}"
    return endpoints
