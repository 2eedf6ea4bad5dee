"""The gateway's composition root: its ports, and one process or several that answer on them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from gateway.answering import answering
from gateway.routes.table import DOORS
from gateway.settings import GatewaySettings
from gateway.sockets import bound, url
from gateway.tls import rest_tls
from gateway.workers.pool import working
from servicekit.context import set_service
from servicekit.metrics import Metrics
from servicekit.running import Running


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


def _endpoints(urls: Mapping[str, str]) -> dict[str, str]:
    return {"rest" if door == "gateway" else f"rest.{door}": place for door, place in urls.items()}
