"""Reads a JSON Web Token so far that its signature can be checked, believing nothing that it says."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.auth.refusal import refusal
from gateway.routing.strict_json import parse_json
from servicekit.errors import ValidationFailedError

MOST_BYTES = 8192
"""A token that is longer is not even parsed."""

TYPES = frozenset({"jwt", "at+jwt"})
_SEGMENTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_LONGEST_ID = 255


@dataclass(frozen=True, kw_only=True)
class Unverified:
    """What a token says of itself; only its form is known to be right.

    Attributes:
        text: the token.
        algorithm: how it claims to be signed; one of those that are allowed.
        kid: which key it claims to be signed with; empty when it names none.
        claims: what it claims.
    """

    text: str
    algorithm: str
    kid: str
    claims: Mapping[str, Any]


def read_token(text: str, *, algorithms: frozenset[str]) -> Unverified:
    """Take a token apart. A key that it carries or points at (jwk, jku, x5u) is ignored.

    Raises:
        UnauthenticatedError: it is malformed, or claims an algorithm or a type that is not allowed.
    """
    if len(text) > MOST_BYTES:
        raise refusal("TOKEN_TOO_LONG")
    segments = _SEGMENTS.fullmatch(text)
    if segments is None:
        raise refusal("TOKEN_MALFORMED")
    header, claims = (_object(segment) for segment in segments.groups()[:2])
    _bytes(segments[3])
    algorithm, kind, kid = header.get("alg"), header.get("typ"), header.get("kid", "")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise refusal("TOKEN_ALGORITHM")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise refusal("TOKEN_TYPE")
    if "crit" in header or "b64" in header or not isinstance(kid, str) or len(kid) > _LONGEST_ID:
        raise refusal("TOKEN_MALFORMED")
    return Unverified(text=text, algorithm=algorithm, kid=kid, claims=claims)


def _object(segment: str) -> dict[str, Any]:
    try:
        value = parse_json(_bytes(segment))
    except ValidationFailedError:
        raise refusal("TOKEN_MALFORMED") from None
    if not isinstance(value, dict):
        raise refusal("TOKEN_MALFORMED")
    return value  # pyright: ignore[reportUnknownVariableType]  # JSON


def _bytes(segment: str) -> bytes:
    """The bytes of a segment, which must be the only text that stands for them."""
    try:
        raw = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise refusal("TOKEN_MALFORMED") from None
    if urlsafe_b64encode(raw).rstrip(b"=") != segment.encode():
        raise refusal("TOKEN_MALFORMED")
    return raw
