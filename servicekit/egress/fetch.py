"""Sends a request through the egress guard, and follows redirects only where it may go."""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx

from servicekit.egress.policy import DEFAULT_PORTS, EgressPolicy
from servicekit.egress.request import SECRETS, Request
from servicekit.egress.resolve import Resolver, allowed_addresses, system_resolver
from servicekit.errors import DeadlineError, UnavailableError

MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
KEEPS_METHOD = frozenset({307, 308})


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The head of a response, and its body as it comes.

    Attributes:
        status: the HTTP status.
        headers: in the order they came.
        body: undecoded bytes.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: AsyncIterator[bytes]


@dataclass(frozen=True, kw_only=True)
class Fetcher:
    """The way out.

    Attributes:
        policy: where requests may go.
        resolver: gives addresses.
        tls: how servers are verified; None takes the usual authorities.
        timeout: seconds that may pass without a byte.
        redirects: how many are followed.
    """

    policy: EgressPolicy
    resolver: Resolver = system_resolver
    tls: ssl.SSLContext | None = None
    timeout: float = 10.0
    redirects: int = MOST_REDIRECTS

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncGenerator[Reply]:
        """Yield the response at the end of all redirects.

        Raises:
            ValidationFailedError: the URL or a header may not be sent.
            PermissionDeniedError: the host is not allowed, or not public.
            UnavailableError: the host cannot be reached, or redirects without end.
            DeadlineError: the host is silent.
        """
        request.check()
        async with self._client() as client:
            for _ in range(self.redirects + 1):
                response = await self._send(client, request)
                try:
                    following = _redirected(request, response)
                    if following is None:
                        yield _reply(response)
                        return
                finally:
                    await response.aclose()
                request = following
        raise UnavailableError(f"More than {self.redirects} redirects.", reason="TOO_MANY_REDIRECTS")

    def _client(self) -> httpx.AsyncClient:
        """Make a client that asks no proxy, reads no .netrc and keeps no cookies between requests."""
        return httpx.AsyncClient(
            verify=self.tls or httpx.create_ssl_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=self.timeout,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def _send(self, client: httpx.AsyncClient, request: Request) -> httpx.Response:
        url = self.policy.check(request.url)
        host = url.raw_host.decode("ascii")
        port = url.port or DEFAULT_PORTS[url.scheme]
        addresses = await allowed_addresses(host, port, policy=self.policy, resolver=self.resolver)
        for index, address in enumerate(addresses):
            try:
                return await client.send(_pinned(client, request, url=url, address=address), stream=True)
            except httpx.ConnectError as error:
                if index == len(addresses) - 1:
                    raise _unreachable(host, error) from error
            except httpx.TimeoutException as error:
                raise DeadlineError(f"The host {host} is silent.", reason="HOST_SILENT") from error
            except httpx.TransportError as error:
                raise _unreachable(host, error) from error
        raise AssertionError("allowed_addresses returns at least one")


def _pinned(client: httpx.AsyncClient, request: Request, *, url: httpx.URL, address: str) -> httpx.Request:
    """Address the request to the address that was checked, in the name of the host, which TLS verifies."""
    host = url.raw_host.decode("ascii")
    return client.build_request(
        request.method,
        url.copy_with(host=address),
        headers=_headers(request, url=url),
        content=request.body or None,
        extensions={"sni_hostname": host.strip("[]")},
    )


def _headers(request: Request, *, url: httpx.URL) -> dict[str, str]:
    """Return the caller's headers and ours; the body is asked for undecoded: its size is what we count."""
    given = {name.lower(): value for name, value in request.headers.items()}
    ours = {"host": url.netloc.decode("ascii"), "accept-encoding": "identity"}
    return {"accept": "*/*", "user-agent": "octollm", **given, **ours}


def _redirected(request: Request, response: httpx.Response) -> Request | None:
    """Return the request that a redirect asks for; secrets do not follow to another host."""
    target = response.headers.get("location")
    if response.status_code not in REDIRECTS or not target:
        return None
    before = httpx.URL(request.url)
    try:
        after = before.join(target)
    except httpx.InvalidURL as error:
        raise UnavailableError("The host redirects to no URL.", reason="BAD_REDIRECT") from error
    headers = dict(request.headers)
    if (before.scheme, before.netloc) != (after.scheme, after.netloc):
        headers = {name: value for name, value in headers.items() if name.lower() not in SECRETS}
    if response.status_code in KEEPS_METHOD or request.method != "POST":
        return replace(request, url=str(after), headers=headers)
    return replace(request, method="GET", url=str(after), headers=headers, body=b"")


def _reply(response: httpx.Response) -> Reply:
    return Reply(
        status=response.status_code,
        headers=tuple((name, value) for name, value in response.headers.multi_items()),
        body=_bytes_of(response),
    )


async def _bytes_of(response: httpx.Response) -> AsyncIterator[bytes]:
    host = response.request.headers["host"]
    try:
        async for chunk in response.aiter_raw():
            yield chunk
    except httpx.TimeoutException as error:
        raise DeadlineError(f"The host {host} is silent.", reason="HOST_SILENT") from error
    except httpx.TransportError as error:
        raise _unreachable(host, error) from error


def _unreachable(host: str, error: Exception) -> UnavailableError:
    return UnavailableError(f"The host {host} cannot be reached: {error}", reason="HOST_UNREACHABLE")
