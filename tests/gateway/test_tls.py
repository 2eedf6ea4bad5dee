"""https on the REST ports: for those who trust the authority, with a renewed certificate too."""

import asyncio
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import trustme

from gateway.app import build
from gateway.settings import GatewaySettings
from gateway.tls import rest_tls
from servicekit.errors import ValidationFailedError
from tests.gateway.fakes import fakes
from tests.support.certificates import issued

PORTS = {"gateway": 0, "coder": 0}
CA = trustme.CA()


async def test_every_rest_port_speaks_https_and_only_that(tmp_path: Path) -> None:
    files = issued(tmp_path, "127.0.0.1", "localhost", ca=CA)
    trusting = ssl.create_default_context(cafile=files.ca)
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp") as path:
        settings = GatewaySettings(
            ports=PORTS, socket_dir=Path(path), tls_cert_file=files.cert, tls_key_file=files.key
        )
        async with fakes(Path(path), arms=("coder",)), build(settings) as running:
            for url in running.endpoints.values():
                assert url.startswith("https://127.0.0.1:")
                async with httpx.AsyncClient(verify=trusting, trust_env=False) as client:
                    assert (await client.get(f"{url}/api/v1/openapi.json")).status_code == 200
                async with httpx.AsyncClient(trust_env=False) as client:
                    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                        await client.get(f"{url}/api/v1/openapi.json")
                    with pytest.raises(httpx.TransportError):
                        await client.get(f"{url.replace('https', 'http')}/api/v1/openapi.json")


async def test_a_gateway_with_a_wrong_certificate_does_not_start(tmp_path: Path) -> None:
    files = issued(tmp_path, "localhost", ca=CA)
    settings = GatewaySettings(ports=PORTS, tls_cert_file=files.cert)
    with pytest.raises(ValidationFailedError, match="OCTOLLM_TLS_KEY_FILE is not"):
        async with build(settings):
            pytest.fail("it started")


async def test_a_renewed_certificate_is_taken_over_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    files = issued(tmp_path, "first.test", ca=CA)
    tls = rest_tls(certificate=files.cert, key=files.key)
    assert tls is not None
    tls.interval = 0.02
    trusting = ssl.create_default_context(cafile=files.ca)

    async def welcomes(name: str) -> bool:
        with suppress(ssl.SSLCertVerificationError):
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)
            writer.close()
            return True
        return False

    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=tls.context)
    port = server.sockets[0].getsockname()[1]
    following = asyncio.create_task(tls.follow())
    try:
        await asyncio.sleep(0)
        assert await welcomes("first.test")
        files.cert.write_text("half a certif")
        await asyncio.sleep(0.2)
        assert await welcomes("first.test")
        issued(tmp_path, "second.test", ca=CA)
        async with asyncio.timeout(10):
            while not await welcomes("second.test"):  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.02)
        assert not await welcomes("first.test")
    finally:
        following.cancel()
        server.close()
