"""Whose request it is by address, believing X-Forwarded-For only as far as trusted proxies wrote it."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from gateway.routing.asgi import Scope, headers
from servicekit.errors import ValidationFailedError

Network: TypeAlias = IPv4Network | IPv6Network
Address: TypeAlias = IPv4Address | IPv6Address

_SITE_PREFIX = 64
"""Bits of an IPv6 address that its holder did not choose: everybody has a whole /64."""

UNKNOWN = "unknown"
"""The address of a peer that has none, such as one on a Unix socket."""


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks from their CIDR texts.

    Raises:
        ValidationFailedError: when one is none.
    """
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise ValidationFailedError(f"OCTOLLM_TRUSTED_PROXIES: {error}", field="trusted_proxies") from None


class ClientAddresses:
    """Tells addresses of clients."""

    def __init__(self, *, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)

    def trusts(self, address: str) -> bool:
        """Whether this peer is one of our proxies."""
        found = _parsed(address)
        return found is not None and self._is_trusted(found)

    def of(self, scope: Scope) -> str:
        """The client's address: the rightmost hop that is no proxy of ours; an IPv6 address as its /64."""
        peer = _parsed(scope["client"][0]) if scope.get("client") else None
        if peer is None:
            return UNKNOWN
        if not self._trusted or not self._is_trusted(peer):
            return _bucket(peer)
        return _bucket(self._rightmost(scope, peer))

    def _rightmost(self, scope: Scope, peer: Address) -> Address:
        last = peer
        line = b",".join(headers(scope, b"x-forwarded-for")).decode("latin-1")
        for hop in reversed(line.split(",")):
            found = _parsed(hop.strip())
            if found is None:
                return last  # what stands left of it, anybody may have written
            last = found
            if not self._is_trusted(found):
                return found
        return last

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _parsed(text: str) -> Address | None:
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _bucket(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address), _SITE_PREFIX), strict=False))
