"""Where a key set comes from: a file, or an https URL that the operator named."""

import asyncio
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from gateway.auth.key_source import KeySource, Load
from servicekit.errors import UnavailableError, ValidationFailedError
from servicekit.settings import is_loopback

MOST_BYTES = 256 * 1024
_SECONDS = 5.0
_URL_PAUSE, _URL_AGE = 30.0, 300.0
_FILE_PAUSE, _FILE_AGE = 1.0, 5.0
_OK = 200


def key_source(place: str) -> KeySource:
    """The source for a path or a URL.

    Raises:
        ValidationFailedError: it is a URL that somebody on the way could answer in the server's place.
    """
    if "://" not in place:
        return KeySource(load=_from_file(Path(place)), pause=_FILE_PAUSE, age=_FILE_AGE)
    url = urlsplit(place)
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
        raise ValidationFailedError(
            "OCTOLLM_JWT_JWKS must be a file or an https URL: whoever can change its answer can log in as "
            "anybody.",
            field="OCTOLLM_JWT_JWKS",
        )
    return KeySource(load=_from_url(place), pause=_URL_PAUSE, age=_URL_AGE)


def _from_file(path: Path) -> Load:
    def read() -> bytes:
        with path.open("rb") as file:
            return _bounded(file.read(MOST_BYTES + 1))

    async def load() -> bytes:
        return await asyncio.to_thread(read)

    return load


def _from_url(url: str) -> Load:
    trust = ssl.create_default_context()  # SSL_CERT_FILE adds an authority of one's own

    async def load() -> bytes:
        try:
            async with (
                asyncio.timeout(_SECONDS),
                httpx.AsyncClient(verify=trust, timeout=_SECONDS, trust_env=False) as client,
                client.stream("GET", url, headers={"accept": "application/json"}) as answer,
            ):
                return await _read(answer)
        except (httpx.HTTPError, TimeoutError) as error:
            raise UnavailableError(f"{url}: {error or type(error).__name__}") from error

    return load


async def _read(answer: httpx.Response) -> bytes:
    if answer.status_code != _OK:
        raise UnavailableError(f"{answer.url} answered {answer.status_code}")
    body = b""
    async for piece in answer.aiter_bytes():
        body = _bounded(body + piece)
    return body


def _bounded(body: bytes) -> bytes:
    if len(body) > MOST_BYTES:
        raise UnavailableError(f"the key set holds more than {MOST_BYTES} bytes")
    return body
