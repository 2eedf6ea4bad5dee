"""Which TCP ports a `serve all` takes: numbers counted from a base, or free ones."""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from types import MappingProxyType

from servicekit.errors import ConflictError, ValidationFailedError
from servicekit.settings import DEFAULT_GRPC_PORTS, DEFAULT_REST_PORTS

HIGHEST = 65535


def rest_ports(base: int, *, host: str) -> Mapping[str, int]:
    """Return the REST port of every service: base, base + 1, ...

    Args:
        base: the gateway's port; 0 takes free ones.
        host: the address they will be bound to.

    Raises:
        ConflictError: one is taken.
        ValidationFailedError: there are no such ports, or no such address.
    """
    return _choose(
        base, host=host, layout=DEFAULT_REST_PORTS, first=DEFAULT_REST_PORTS["gateway"], flag="--port"
    )


def grpc_ports(base: int, *, host: str) -> Mapping[str, int]:
    """Return the gRPC port of every service: base for the orchestrator, base + 1 for the reflex, ...

    Args:
        base: the orchestrator's port; 0 takes free ones.
        host: the address they will be bound to.

    Raises:
        ConflictError: one is taken.
        ValidationFailedError: there are no such ports, or no such address.
    """
    first = DEFAULT_GRPC_PORTS["orchestrator"]
    return _choose(base, host=host, layout=DEFAULT_GRPC_PORTS, first=first, flag="--grpc-port")


def _choose(base: int, *, host: str, layout: Mapping[str, int], first: int, flag: str) -> Mapping[str, int]:
    """Bind all of them at once, so that free ones differ, and let them go again."""
    wanted = {name: base + port - first if base else 0 for name, port in layout.items()}
    if max(wanted.values()) > HIGHEST:
        raise ValidationFailedError(
            f"{flag} {base} is too high: {len(wanted)} ports from there on are needed.", field=flag
        )
    with ExitStack() as held:
        ports = {
            name: _bind(port, host=host, name=name, flag=flag, held=held) for name, port in wanted.items()
        }
    return MappingProxyType(ports)


def _bind(port: int, *, host: str, name: str, flag: str, held: ExitStack) -> int:
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
