"""The claims of a token whose signature is right: whose it is, and whether it is for us and for now."""

import math
from collections.abc import Mapping
from typing import Any, cast

from gateway.auth.refusal import refusal
from servicekit.principal import ANONYMOUS, Principal, is_subject, is_tenant
from servicekit.roles import known_roles

AUDIENCE = "octollm"
LEEWAY_SECONDS = 30
LONGEST_LIFE_SECONDS = 3600
_LONGEST_ID = 255
_MOST_ROLES = 50
_END_OF_TIME = 2**40


def principal_of(claims: Mapping[str, Any], *, issuer: str, now: float) -> tuple[Principal, float]:
    """Whom the claims are about, and until when they hold, in seconds since 1970.

    Raises:
        UnauthenticatedError: a claim is missing or wrong; the reason says which.
    """
    if claims.get("iss") != issuer:
        raise refusal("TOKEN_ISSUER")
    if not _is_for_us(claims.get("aud")):
        raise refusal("TOKEN_AUDIENCE")
    expires = _check_times(claims, now=now)
    subject, token_id, tenant = claims.get("sub"), claims.get("jti"), claims.get("tenant", ANONYMOUS.tenant)
    if not isinstance(subject, str) or not is_subject(subject):
        raise refusal("TOKEN_SUBJECT")
    if not isinstance(token_id, str) or not 0 < len(token_id) <= _LONGEST_ID:
        raise refusal("TOKEN_ID")
    if not isinstance(tenant, str) or not is_tenant(tenant):
        raise refusal("TOKEN_TENANT")
    return Principal(tenant=tenant, subject=subject, roles=_roles(claims.get("roles", []))), expires


def _is_for_us(audience: Any) -> bool:
    if isinstance(audience, list):
        several = cast("list[Any]", audience)
        return AUDIENCE in several and all(isinstance(one, str) for one in several)
    return audience == AUDIENCE


def _check_times(claims: Mapping[str, Any], *, now: float) -> float:
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    if "nbf" in claims and _time(claims, "nbf") > now + LEEWAY_SECONDS:
        raise refusal("TOKEN_NOT_YET_VALID")
    if issued > now + LEEWAY_SECONDS:
        raise refusal("TOKEN_NOT_YET_VALID")
    if expires <= now - LEEWAY_SECONDS:
        raise refusal("TOKEN_EXPIRED")
    if not 0 < expires - issued <= LONGEST_LIFE_SECONDS:
        raise refusal("TOKEN_LIFE")
    return expires + LEEWAY_SECONDS


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal("TOKEN_TIMES")
    if not 0 <= value < _END_OF_TIME or not math.isfinite(value):
        raise refusal("TOKEN_TIMES")
    return float(value)


def _roles(roles: Any) -> tuple[str, ...]:
    """The roles that we know; an identity provider may have others of its own."""
    several = cast("list[Any]", roles) if isinstance(roles, list) else None
    if several is None or len(several) > _MOST_ROLES or not all(isinstance(role, str) for role in several):
        raise refusal("TOKEN_ROLES")
    return known_roles(several)
