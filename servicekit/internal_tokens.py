"""Short-lived tokens between our services: which service calls, and whom it acts for.

A token is its claims and an HMAC-SHA256 over them under the key that all services of an installation share.
Only services read them, so the form is our own and as small as it can be.
"""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from servicekit.errors import UnauthenticatedError, ValidationFailedError
from servicekit.principal import ANONYMOUS, Principal, service_principal

METADATA_KEY = "octollm-internal-token"
"""The gRPC metadata that carries a token."""

REFUSED = "INTERNAL_TOKEN_REFUSED"
"""The reason of every refusal: it is our services that do not trust each other, not a caller's fault."""

LIFE_SECONDS = 60
LEEWAY_SECONDS = 30
LEAST_KEY_BYTES = 32
_PURPOSE = b"octollm internal token 1\n"
_MOST_REMEMBERED = 4096
_LONGEST = 4096


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """What a token says.

    Attributes:
        caller: the service that calls.
        principal: whom it acts for.
        expires_at: until when, in seconds since 1970.
    """

    caller: str
    principal: Principal
    expires_at: float


class InternalTokens:
    """Makes and checks tokens; both are remembered, so that most calls cost one look into a dictionary.

    Args:
        key: shared by all services of the installation.
        caller: the service that calls.
        clock: seconds since 1970.

    Raises:
        ValidationFailedError: the key is too short to be one.
    """

    def __init__(self, *, key: bytes, caller: str, clock: Callable[[], float] = time.time) -> None:
        if len(key) < LEAST_KEY_BYTES:
            raise ValidationFailedError(
                f"OCTOLLM_INTERNAL_KEY is too short: give at least {LEAST_KEY_BYTES} bytes, such as the "
                "output of `openssl rand -hex 32`.",
                field="OCTOLLM_INTERNAL_KEY",
            )
        self._key = hashlib.sha256(_PURPOSE + key).digest()
        self._caller = caller
        self._clock = clock
        self._minted: dict[Principal, tuple[str, float]] = {}
        self._checked: dict[str, Bearer] = {}

    def mint(self, principal: Principal) -> str:
        """A token to act for `principal`; where nobody is acted for, for the service itself."""
        now = self._clock()
        known = self._minted.get(principal)
        if known and now < known[1]:
            return known[0]
        acting = service_principal(self._caller) if principal == ANONYMOUS else principal
        claims = [
            self._caller,
            acting.tenant,
            acting.subject,
            acting.roles,
            int(now),
            int(now) + LIFE_SECONDS,
        ]
        body = _encoded(json.dumps(claims, separators=(",", ":")).encode())
        token = f"{body}.{self._seal(body)}"
        _remember(self._minted, principal, (token, now + LIFE_SECONDS / 2))
        return token

    def check(self, token: str) -> Bearer:
        """What a token says.

        Raises:
            UnauthenticatedError: it is not one of ours, or its time is over or has not come.
        """
        bearer = self._checked.get(token) or self._opened(token)
        if self._clock() > bearer.expires_at + LEEWAY_SECONDS:
            self._checked.pop(token, None)
            raise _refused("it has expired; are the clocks of both machines right?")
        return bearer

    def _opened(self, token: str) -> Bearer:
        body, _, seal = token.partition(".")
        if len(token) > _LONGEST or not hmac.compare_digest(seal.encode(), self._seal(body).encode()):
            raise _refused("it was not made with the key of this installation")
        caller, tenant, subject, roles, issued, expires = _decoded(body)
        if issued > self._clock() + LEEWAY_SECONDS:
            raise _refused(
                f"it is {issued - self._clock():.0f} s from the future: the clocks of the two machines differ"
            )
        principal = Principal(tenant=tenant, subject=subject, roles=tuple(roles))
        bearer = Bearer(caller=caller, principal=principal, expires_at=expires)
        _remember(self._checked, token, bearer)
        return bearer

    def _seal(self, body: str) -> str:
        return _encoded(hmac.digest(self._key, body.encode("utf-8", "replace"), "sha256"))


def _refused(why: str) -> UnauthenticatedError:
    return UnauthenticatedError(f"the internal token is not accepted: {why}", reason=REFUSED)


def missing_token() -> UnauthenticatedError:
    """The refusal of a call that carries no token at all."""
    return UnauthenticatedError(
        f"this service takes calls with an internal token only (metadata {METADATA_KEY}): "
        "call the gateway instead",
        reason=REFUSED,
    )


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(body: str) -> list[Any]:
    try:
        return json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, NotBase64):
        raise _refused("it is malformed") from None


def _remember(memory: dict[Any, Any], key: object, value: object) -> None:
    """Bounded: a full memory is emptied, which costs a few microseconds once in a while."""
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    memory[key] = value
