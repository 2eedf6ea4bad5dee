"""The gateway's composition root: names every dependency, starts in order, undone in reverse."""

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
from gateway.edge.layers import Rates, edge
from gateway.edge.rate_limit import RateLimits
from gateway.limiter import Limiter
from gateway.routes.table import DOORS, routes_of
from gateway.routing.route import RouteTable
from gateway.server import serving
from gateway.settings import GatewaySettings
from gateway.sockets import bound, url
from gateway.status import StatusBook
from gateway.tls import rest_tls
from gateway.workers.pool import working
from servicekit.context import set_service
from servicekit.metrics import Metrics
from servicekit.running import Running
from servicekit.version import octollm_version

UPLOADS_AT_ONCE = 4
"""Documents that are in memory at the same time; the others wait on disk."""


@asynccontextmanager
async def build(settings: GatewaySettings) -> AsyncIterator[Running]:
    """Run the gateway on all its ports until the block ends.

    Args:
        settings: which ports, and where the other services are; none of them needs to be there yet.

    Yields:
        The running gateway; its endpoints are ``rest`` and, for the other ports, ``rest.<service>``.

    Raises:
        UnavailableError: when a port cannot be had.
        ValidationFailedError: when a certificate is wrong.
    """
    set_service("gateway")
    async with AsyncExitStack() as stack:
        ports = {door: settings.ports[door] for door in DOORS if door in settings.ports}
        # Here too, and not by the workers alone: what is wrong with a certificate must end the start.
        tls = rest_tls(certificate=settings.tls_cert_file, key=settings.tls_key_file)
        sockets = stack.enter_context(bound(host=settings.host, ports=ports))
        scheme = "https" if tls else "http"
        endpoints = _endpoints({door: url(it, scheme=scheme) for door, it in sockets.items()})
        if settings.gateway_workers > 1:
            pool = await stack.enter_async_context(working(settings, sockets=sockets))
            drain = pool.drain
        else:
            drain = await stack.enter_async_context(answering(sockets, settings=settings, metrics=Metrics()))
        yield Running(name="gateway", endpoints=endpoints, drain=drain)


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
        clients = await stack.enter_async_context(open_clients(settings, call_seconds=settings.call_timeout))
        book = StatusBook(clients=clients)
        directory = await stack.enter_async_context(
            open_directory(
                clients=clients,
                book=book,
                call_seconds=settings.call_timeout,
            )
        )
        access = await stack.enter_async_context(opened_access(settings, clients=clients, metrics=metrics))
        context = Context(
            clients=clients,
            book=book,
            directory=directory,
            calls=ArmCalls(
                directory=directory, capabilities=clients.capabilities, seconds=settings.arm_timeout
            ),
            metrics=metrics,
            uploads=asyncio.Semaphore(UPLOADS_AT_ONCE),
            draining=asyncio.Event(),
            version=octollm_version(),
            started_at=instant_now(),
            heartbeat_seconds=settings.heartbeat_seconds,
            audit=access.audit if access else AuditTrail(identity=None, metrics=metrics),
        )
        addresses = ClientAddresses(trusted=networks(settings.trusted_proxies))
        limiter = await stack.enter_async_context(_limiter(settings, metrics=context.metrics))
        limits = RateLimits(ip=settings.limit_ip, subject=settings.rate_limit_subject)
        numbers = {sock.getsockname()[1]: door for door, sock in sockets.items()}
        app = edge(
            context=context,
            apps={number: _served(door, context=context) for number, door in numbers.items()},
            tables={number: RouteTable(routes_of(door)) for number, door in numbers.items()},
            rates=Rates(limiter=limiter, limits=limits, addresses=addresses),
            allowed_origins=origins(settings.cors_origins),
            access=access,
        )
        server = await stack.enter_async_context(
            serving(app, sockets=list(sockets.values()), settings=settings, addresses=addresses)
        )

        async def drain(grace: float) -> None:
            context.draining.set()
            await server.stop(within=grace)

        yield drain


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


def _endpoints(urls: Mapping[str, str]) -> dict[str, str]:
    return {"rest" if door == "gateway" else f"rest.{door}": place for door, place in urls.items()}
