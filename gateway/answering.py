"""What one process of the gateway is made of, put together around sockets that listen already."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from gateway.access import opened_access
from gateway.arm_calls import ArmCalls
from gateway.auth.audit import AuditTrail
from gateway.clients import open_clients
from gateway.context import Context
from gateway.convert.values import instant_now
from gateway.directory import open_directory
from gateway.door import door_app
from gateway.edge.client_address import ClientAddresses, networks
from gateway.edge.cors import origins
from gateway.edge.layers import Access, Rates, edge
from gateway.edge.rate_limit import RateLimits
from gateway.limiter import Limiter
from gateway.routes.table import routes_of
from gateway.routing.asgi import App
from gateway.routing.route import RouteTable
from gateway.server import Server, serving
from gateway.settings import GatewaySettings
from gateway.status import StatusBook
from servicekit.metrics import Metrics
from servicekit.version import octollm_version

UPLOADS_AT_ONCE = 4
"""Documents that are in memory at the same time; the others wait on disk."""


@asynccontextmanager
async def answering(
    sockets: Mapping[str, socket.socket], *, settings: GatewaySettings, metrics: Metrics
) -> AsyncIterator[Callable[[float], Awaitable[None]]]:
    """Answer requests on sockets that listen, in this process, until the block ends.

    Args:
        sockets: by door.
        settings: of the gateway.
        metrics: where requests are counted.

    Yields:
        What drains: takes nothing new, and lets what runs end within so many seconds.
    """
    async with AsyncExitStack() as stack:
        context, access = await _context(settings, metrics=metrics, stack=stack)
        rates = Rates(
            limiter=await stack.enter_async_context(_limiter(settings, metrics=metrics)),
            limits=RateLimits(ip=settings.limit_ip, subject=settings.rate_limit_subject),
            addresses=ClientAddresses(trusted=networks(settings.trusted_proxies)),
        )
        app = _app(sockets, settings=settings, context=context, access=access, rates=rates)
        server = await stack.enter_async_context(
            serving(app, sockets=list(sockets.values()), settings=settings, addresses=rates.addresses)
        )
        yield _drain(server, context=context)


async def _context(
    settings: GatewaySettings, *, metrics: Metrics, stack: AsyncExitStack
) -> tuple[Context, Access | None]:
    """What the handlers share, and who may call; closed with the stack."""
    clients = await stack.enter_async_context(open_clients(settings, call_seconds=settings.call_timeout))
    book = StatusBook(clients=clients)
    directory = await stack.enter_async_context(
        open_directory(clients=clients, book=book, call_seconds=settings.call_timeout)
    )
    access = await stack.enter_async_context(opened_access(settings, clients=clients, metrics=metrics))
    context = Context(
        clients=clients,
        book=book,
        directory=directory,
        calls=ArmCalls(directory=directory, capabilities=clients.capabilities, seconds=settings.arm_timeout),
        metrics=metrics,
        uploads=asyncio.Semaphore(UPLOADS_AT_ONCE),
        draining=asyncio.Event(),
        version=octollm_version(),
        started_at=instant_now(),
        stream_heartbeat_seconds=settings.stream_heartbeat_seconds,
        audit=access.audit if access else AuditTrail(identity=None, metrics=metrics),
    )
    return context, access


def _app(
    sockets: Mapping[str, socket.socket],
    *,
    settings: GatewaySettings,
    context: Context,
    access: Access | None,
    rates: Rates,
) -> App:
    doors = {sock.getsockname()[1]: door for door, sock in sockets.items()}
    return edge(
        context=context,
        apps={port: _served(door, context=context) for port, door in doors.items()},
        tables={port: RouteTable(routes_of(door)) for port, door in doors.items()},
        rates=rates,
        allowed_origins=origins(settings.cors_origins),
        access=access,
    )


def _served(door: str, *, context: Context) -> FastAPI:
    app = door_app(door)
    app.state.context = context
    return app


@asynccontextmanager
async def _limiter(settings: GatewaySettings, *, metrics: Metrics) -> AsyncIterator[Limiter]:
    limiter = Limiter(
        redis_url=settings.redis_url.get_secret_value() if settings.redis_url else None,
        redis_timeout=settings.redis_timeout,
        redis_pause=settings.redis_pause,
        parts=settings.replicas * settings.gateway_workers,
        metrics=metrics,
    )
    try:
        yield limiter
    finally:
        await limiter.close()


def _drain(server: Server, *, context: Context) -> Callable[[float], Awaitable[None]]:
    async def drain(grace: float) -> None:
        context.draining.set()
        await server.stop(within=grace)

    return drain
