"""The ports: bound by us before anything else starts, so that a taken one is a clear error."""

import errno
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from servicekit.errors import UnavailableError

BACKLOG = 2048


@contextmanager
def bound(*, host: str, ports: Mapping[str, int]) -> Iterator[Mapping[str, socket.socket]]:
    """Bind one listening socket a name for the length of the block.

    Args:
        host: the address to listen on, IPv4 or IPv6, or a name of this machine.
        ports: by name, the port; 0 takes a free one.

    Raises:
        UnavailableError: naming the port that cannot be had, and why.
    """
    with ExitStack() as stack:
        yield {name: stack.enter_context(_bind(name, host=host, port=port)) for name, port in ports.items()}


def url(sock: socket.socket, *, scheme: str = "http") -> str:
    """Where a bound socket is reached, such as ``http://127.0.0.1:8000``."""
    host, port = sock.getsockname()[:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _bind(name: str, *, host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot(name, host=host, port=port, error=error) from error
    try:
        # Ports of connections that ended a moment ago may be taken again; those of listeners may not.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise _cannot(name, host=host, port=port, error=error) from error
    return sock


def _cannot(name: str, *, host: str, port: int, error: OSError) -> UnavailableError:
    if error.errno == errno.EADDRINUSE:
        return UnavailableError(
            f"port {port} on {host}, for {name}, is taken by another program; free it or choose with --port",
            reason="ADDRESS_IN_USE",
        )
    return UnavailableError(
        f"{name} cannot listen on {host}:{port}: {error.strerror or error}", reason="CANNOT_LISTEN"
    )
