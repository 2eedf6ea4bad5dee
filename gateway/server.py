"""uvicorn, run inside our event loop on sockets of ours."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from gateway.edge.client_address import ClientAddresses
from gateway.edge.connections import Connections
from gateway.edge.protocol import ProtocolLimits, protocol_factory
from gateway.routing.asgi import App
from gateway.settings import GatewaySettings
from gateway.tls import RestTls, rest_tls
from servicekit.errors import InternalError

log = logging.getLogger(__name__)

_TICK = 0.01
_CLOSING_SECONDS = 0.3
"""What uvicorn itself needs to close connections that are idle."""


class Server(uvicorn.Server):
    """Leaves signals to the process that runs the gateway."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopped = asyncio.Event()
        """Set when every request has ended and every socket is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def stop(self, *, within: float) -> None:
        """Take nothing new, give running requests so many seconds, cancel the rest, wait for the end."""
        self.config.timeout_graceful_shutdown = within  # type: ignore[assignment]  # any number of seconds will do
        self.should_exit = True
        await self.stopped.wait()


@asynccontextmanager
async def serving(
    app: App, *, sockets: Sequence[socket.socket], settings: GatewaySettings, addresses: ClientAddresses
) -> AsyncIterator[Server]:
    """Serve `app` on these sockets until the block ends.

    Raises:
        InternalError: when the server ended while it started.
        ValidationFailedError: the certificate or its key is wrong.
    """
    tls = rest_tls(certificate=settings.tls_cert_file, key=settings.tls_key_file)
    server = Server(_config(app, settings=settings, addresses=addresses, tls=tls))
    task = asyncio.create_task(server.serve(list(sockets)), name="uvicorn")
    task.add_done_callback(lambda _: server.stopped.set())
    reload = asyncio.create_task(tls.follow(), name="certificate") if tls else None
    try:
        while not server.started:
            if task.done():
                raise InternalError("the HTTP server ended while it started") from task.exception()
            await asyncio.sleep(_TICK)
        yield server
    finally:
        if reload:
            reload.cancel()
        await server.stop(within=_CLOSING_SECONDS)
        await task


def _config(
    app: App, *, settings: GatewaySettings, addresses: ClientAddresses, tls: RestTls | None
) -> uvicorn.Config:
    limits = ProtocolLimits(
        connections=Connections(limit=settings.connections_per_ip, unlimited=addresses.trusts),
        header_seconds=settings.header_seconds,
        write_seconds=settings.write_seconds,
    )
    return uvicorn.Config(
        app=app,  # type: ignore[arg-type]  # the same shape, spelled with plain dictionaries
        http=protocol_factory(limits),  # type: ignore[arg-type]  # a factory serves as well as a class
        ws="none",
        lifespan="off",  # channels and sockets live in build()
        interface="asgi3",
        loop="none",  # the process has one already
        log_config=None,
        log_level="error",  # a malformed request is not worth a line each time
        access_log=False,
        proxy_headers=False,  # never trust X-Forwarded-For by default
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        ssl_context_factory=tls.made if tls else None,
    )
