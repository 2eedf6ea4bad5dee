"""Turns a host into addresses once, and refuses the host when one of them is not public."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from servicekit.egress.policy import EgressPolicy
from servicekit.errors import PermissionDeniedError, UnavailableError

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses of a host, in the order in which to try them."""


async def system_resolver(host: str, port: int) -> list[str]:
    """Ask the machine's resolver.

    Raises:
        OSError: it knows no such host.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def allowed_addresses(host: str, port: int, *, policy: EgressPolicy, resolver: Resolver) -> list[str]:
    """Return the addresses of a host, all of which may be connected to.

    A host with a single forbidden address is refused as a whole: who mixes them tries to get inside.

    Raises:
        PermissionDeniedError: one address is not public.
        UnavailableError: the host has no address.
    """
    try:
        addresses = await resolver(host, port)
    except (OSError, UnicodeError) as error:
        raise UnavailableError(f"The host {host} cannot be resolved.", reason="HOST_UNKNOWN") from error
    if not addresses:
        raise UnavailableError(f"The host {host} has no address.", reason="HOST_UNKNOWN")
    if not all(policy.address_allowed(address) for address in addresses):
        raise PermissionDeniedError(
            f"The host {host} leads to an address that is not on the public internet.",
            reason="ADDRESS_NOT_PUBLIC",
            metadata={"host": host},
        )
    return addresses
