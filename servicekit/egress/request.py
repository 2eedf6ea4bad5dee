"""A request as the caller gives it, and which headers it may set."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from servicekit.errors import ValidationFailedError

OURS = frozenset({
    "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer",
    "expect", "proxy-authorization", "proxy-connection", "accept-encoding",
})  # fmt: skip
"""Headers that say where a message goes and where it ends: a caller who set them could smuggle another."""

SECRETS = frozenset({"authorization", "cookie"})
"""Headers that stay with the host they were meant for."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        method: GET, HEAD or POST.
        url: absolute.
        headers: as the caller set them.
        body: of a POST.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    def check(self) -> None:
        """Refuse headers that are not the caller's to set.

        Raises:
            ValidationFailedError: one of them is.
        """
        for name, value in self.headers.items():
            if name.lower() in OURS or not _is_token(name) or not _is_value(value):
                raise ValidationFailedError(
                    f"The header {name!r} may not be set.", field="http.headers", reason="HEADER_NOT_ALLOWED"
                )


def _is_token(name: str) -> bool:
    """Whether `name` is a token of RFC 9110, 5.6.2."""
    return bool(name) and all(c.isascii() and (c.isalnum() or c in "!#$%&'*+-.^_`|~") for c in name)


def _is_value(value: str) -> bool:
    return all(c == "\t" or " " <= c <= "~" for c in value)
