"""Which TCP ports a `serve all` takes: numbers counted from a base, or free ones."""

import random
import socket
from collections.abc import Mapping
from contextlib import ExitStack, suppress

from servicekit.errors import ConflictError, ValidationFailedError
from servicekit.settings import DEFAULT_GRPC_PORTS, DEFAULT_REST_PORTS

HIGHEST = 65535

FREE = range(20_000, 32_768)
"""Where free ports are looked for: below those that systems give to connections and to servers at port 0, or
another program could be given one between the choice and the moment when the service listens."""

_TRIES = 100


def count_rest(base: int) -> dict[str, int]:
    """Return the REST port of every service: base for the gateway, base + 1, ...; all 0 when base is 0."""
    return _count(base, layout=DEFAULT_REST_PORTS, first="gateway")


def count_grpc(base: int) -> dict[str, int]:
    """Return the gRPC port of every service: base for the orchestrator, and so on; all 0 when base is 0."""
    return _count(base, layout=DEFAULT_GRPC_PORTS, first="orchestrator")


def _count(base: int, *, layout: Mapping[str, int], first: str) -> dict[str, int]:
    return {name: base + port - layout[first] if base else 0 for name, port in layout.items()}


def usable_ports(wanted: Mapping[str, int], *, host: str, flag: str) -> dict[str, int]:
    """Check that ports can be bound; each 0 becomes a free port.

    All are bound at once, so that free ones differ, and let go again.

    Args:
        wanted: port by service.
        host: the address they will be bound to.
        flag: what the user chooses others with.

    Raises:
        ConflictError: one is taken.
        ValidationFailedError: there is no such port or address, or this user may not have it.
    """
    if max(wanted.values()) > HIGHEST:
        raise ValidationFailedError(
            f"There is no port {max(wanted.values())}: choose a lower {flag}.", field=flag
        )
    with ExitStack() as held:
        return {
            name: _bind(port, host=host, name=name, flag=flag, held=held) for name, port in wanted.items()
        }


def _bind(port: int, *, host: str, name: str, flag: str, held: ExitStack) -> int:
    for candidate in random.sample(FREE, k=_TRIES) if not port else ():
        with suppress(ConflictError):
            return _bind(candidate, host=host, name=name, flag=flag, held=held)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    probe = held.enter_context(socket.socket(family))
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: TIME_WAIT is not taken
    try:
        probe.bind((host, port))
        probe.listen()  # two may bind with SO_REUSEADDR, only one may listen
    except PermissionError as error:
        raise ValidationFailedError(
            f"Port {port} (for {name}) needs rights this user does not have: choose others with {flag}.",
            field=flag,
            reason="PORT_FORBIDDEN",
        ) from error
    except OSError as error:
        raise ConflictError(
            f"Port {port} (for {name}) on {host} cannot be used: {error.strerror}. "
            f"Free it, or choose others with {flag} (0 takes free ones).",
            reason="PORT_TAKEN",
            metadata={"port": str(port), "service": name},
        ) from error
    return int(probe.getsockname()[1])
