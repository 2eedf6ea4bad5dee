"""Which network addresses are on the public internet, whatever they are wrapped in."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from servicekit.errors import ValidationFailedError

Address = IPv4Address | IPv6Address

NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056
COMPATIBLE = IPv6Network("::/96")  # RFC 4291, 2.5.5.1
GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291, 2.4
TUNNELS_AND_TESTS = (
    IPv6Network("2001::/23"),  # Teredo, benchmarking, ORCHID: RFC 2928
    IPv6Network("2001:db8::/32"),  # documentation: RFC 3849
    IPv6Network("3fff::/20"),  # documentation: RFC 9637
)
SPECIAL = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments, of which newer Pythons call some global: RFC 6890
    IPv4Network("192.88.99.0/24"),  # 6to4 relays: RFC 7526
)


def is_public(text: str) -> bool:
    """Whether an address, as the resolver gives it, is a single machine on the public internet."""
    try:
        address = unwrapped(ip_address(text))
    except ValueError:
        return False
    if address.is_multicast or not address.is_global:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in SPECIAL)
    return address in GLOBAL_UNICAST and not any(address in network for network in TUNNELS_AND_TESTS)


def public_or_in(networks: Sequence[str]) -> Callable[[str], bool]:
    """A rule that also lets through addresses of some networks, such as ``10.1.0.0/16``.

    Raises:
        ValidationFailedError: one of them is no network.
    """
    try:
        known = tuple(ip_network(text) for text in networks)
    except ValueError as error:
        raise ValidationFailedError(f"not a network: {error}") from None

    def allowed(text: str) -> bool:
        return is_public(text) or any(ip_address(text) in network for network in known)

    return allowed


def unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in NAT64 or address in COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in SIX_TO_FOUR:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return address
