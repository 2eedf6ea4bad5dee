"""Rules of addresses on networks and on the earth."""

import ipaddress

from reflex.data_files import data_lines

_FILE_ENDINGS = frozenset(data_lines("file_endings.txt"))
_LOGINS = frozenset(("git", "hg", "svn"))
_NOBODYS = frozenset(("noreply", "no-reply", "user", "username"))
_FEW_GROUPS = 3
_LATITUDE, _LONGITUDE = 90.0, 180.0
_FRACTION = 2.0


def email(candidate: str) -> float:
    """A mailbox at a domain: no file name, no repository, no login."""
    local, _, domain = candidate.rpartition("@")
    ending = domain.rpartition(".")[2].lower()
    refused = ending in _FILE_ENDINGS or local.lower() in _LOGINS or ".." in candidate
    if refused or local.endswith("."):
        return 0
    return 0.7 if local.lower() in _NOBODYS else 1


def ipv4(candidate: str) -> float:
    """An address that can belong to somebody: not loopback, unspecified or a netmask."""
    try:
        address = ipaddress.IPv4Address(candidate)
    except ValueError:
        return 0
    if address.is_loopback or address.is_unspecified or candidate.startswith(("255.", "0.")):
        return 0
    return 0.8 if address.is_private else 1


def ipv6(candidate: str) -> float:
    """An address that can belong to somebody, with enough in it not to be a name in a program."""
    try:
        address = ipaddress.IPv6Address(candidate.partition("%")[0])
    except ValueError:
        return 0
    groups = [group for group in candidate.split(":") if group]
    telling = len(groups) >= _FEW_GROUPS and any(c.isdigit() for c in candidate)
    return float(telling and not address.is_loopback and not address.is_unspecified)


def mac(candidate: str) -> float:
    """A hardware address that is neither empty nor broadcast."""
    return float(len(set(candidate.lower()) - set(":-.")) > 1)


def coordinates(candidate: str) -> float:
    """A latitude and a longitude; two small fractions are more likely numbers of a program."""
    parts = candidate.replace("\N{DEGREE SIGN}", " ").replace(",", " ").split()
    try:
        latitude, longitude = (float(part) for part in parts[:2])
    except ValueError:
        return 0
    inside = abs(latitude) <= _LATITUDE and abs(longitude) <= _LONGITUDE
    return float(inside and max(abs(latitude), abs(longitude)) >= _FRACTION)
