"""Where requests may go: a list of hosts, empty by default."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from servicekit.egress.addresses import is_public
from servicekit.errors import PermissionDeniedError, ValidationFailedError

DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, kw_only=True)
class EgressPolicy:
    """What may be asked of whom.

    Attributes:
        hosts: patterns: ``example.org``, ``*.example.org`` for any name below it, ``*`` for every public
            host; with ``:port`` for another port than the scheme's own.
        schemes: of URLs.
        address_allowed: whether a resolved address may be connected to.
        setting: the variable that lists the hosts, for whoever is refused.
        field: the field of requests that holds the URL.
    """

    hosts: tuple[str, ...] = ()
    schemes: frozenset[str] = frozenset({"https"})
    address_allowed: Callable[[str], bool] = is_public
    setting: str
    field: str

    def check(self, text: str) -> httpx.URL:
        """Return a URL that may be asked, as far as its text tells.

        Raises:
            ValidationFailedError: it is no absolute URL of an allowed scheme.
            PermissionDeniedError: its host is not on the list.
        """
        url = _parsed(text, field=self.field)
        if url.scheme not in self.schemes or not url.host:
            raise _refused_url(
                f"must be an absolute URL that begins with {'://, '.join(sorted(self.schemes))}://",
                field=self.field,
            )
        if url.userinfo:
            raise _refused_url("must not carry a user or password", field=self.field)
        port = url.port or DEFAULT_PORTS[url.scheme]
        if not any(
            _matches(pattern, host=_name(url), port=port, scheme=url.scheme) for pattern in self.hosts
        ):
            raise PermissionDeniedError(
                f"Requests to {_name(url)}:{port} are not allowed. {self.setting} lists where they may go.",
                field=self.field,
                reason="HOST_NOT_ALLOWED",
                metadata={"host": _name(url), "port": str(port)},
            )
        return url


def _parsed(text: str, *, field: str) -> httpx.URL:
    if not text.isprintable() or " " in text or "\\" in text:
        raise _refused_url("must have no spaces, backslashes or control characters", field=field)
    try:
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        raise _refused_url("must be a URL", field=field) from error


def _name(url: httpx.URL) -> str:
    """Return the host as the resolver is asked for it: ASCII, lower case, no final dot."""
    return url.raw_host.decode("ascii").lower().rstrip(".")


def _matches(pattern: str, *, host: str, port: int, scheme: str) -> bool:
    name, separator, own_port = pattern.lower().rpartition(":")
    if not separator or not own_port.isdecimal():
        name, own_port = pattern.lower(), str(DEFAULT_PORTS[scheme])
    if int(own_port) != port:
        return False
    if name == "*":
        return True
    if name.startswith("*."):
        return host.endswith(name[1:]) and len(host) > len(name[1:])
    return host == name


def _refused_url(constraint: str, *, field: str) -> ValidationFailedError:
    return ValidationFailedError(
        f"The URL {constraint}.", field=field, constraint=constraint, reason="URL_NOT_ALLOWED"
    )
