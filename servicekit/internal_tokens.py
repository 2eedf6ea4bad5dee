"""Short-lived tokens between our services: which service calls, and whom it acts for.

A token is a JSON Web Token, made and checked by joserfc under a key that all services of an installation
share.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import GuestProtocol, OctKey
from pydantic import BaseModel, ConfigDict, ValidationError

from servicekit.errors import UnauthenticatedError, ValidationFailedError
from servicekit.principal import ANONYMOUS, Principal, service_principal

METADATA_KEY = "octollm-internal-token"
"""The gRPC metadata that carries a token."""

REFUSED = "INTERNAL_TOKEN_REFUSED"
"""The reason of every refusal: it is our services that do not trust each other, not a caller's fault."""

ALGORITHM = "HS256"
"""No token chooses another."""

TYPE = "octollm-internal+jwt"
"""The `typ` that keeps them apart from every other token of the platform."""

ISSUER = "octollm"
AUDIENCE = "octollm/services"
LIFE_SECONDS = 60
LEEWAY_SECONDS = 30
LEAST_KEY_BYTES = 32
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


class _Actor(BaseModel):
    model_config = ConfigDict(strict=True)
    sub: str


class _Said(BaseModel):
    """The claims that are ours, beside those that joserfc looks at."""

    model_config = ConfigDict(strict=True)
    act: _Actor
    sub: str
    tenant: str
    roles: list[str]
    exp: float


class InternalTokens:
    """Makes and checks tokens; both are remembered, so that most calls cost one look into a dictionary.

    Args:
        key: shared by all services of the installation; of several lines each is a key: the first one makes
            tokens, all of them check.
        caller: the service that calls.
        clock: seconds since 1970.

    Raises:
        ValidationFailedError: a key is too short to be one.
    """

    def __init__(self, *, key: bytes, caller: str, clock: Callable[[], float] = time.time) -> None:
        lines = [line.strip() for line in key.splitlines() if line.strip()]
        keys = [_key(line) for line in lines or [b""]]
        self._signing = keys[0]
        self._keys = {key.thumbprint(): key for key in keys}
        self._caller = caller
        self._clock = clock
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        )
        self._minted: dict[Principal, tuple[str, float]] = {}
        self._checked: dict[str, Bearer] = {}

    def mint(self, principal: Principal) -> str:
        """A token to act for `principal`; where nobody is acted for, for the service itself."""
        now = self._clock()
        known = self._minted.get(principal)
        if known and now < known[1]:
            return known[0]
        acting = service_principal(self._caller) if principal == ANONYMOUS else principal
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": self._signing.thumbprint()}
        token = jwt.encode(header, self._said(acting, now=int(now)), self._signing, algorithms=[ALGORITHM])
        _remember(self._minted, principal, (token, now + LIFE_SECONDS / 2))
        return token

    def check(self, token: str) -> Bearer:
        """What a token says.

        Raises:
            UnauthenticatedError: it is not one of ours, or its time is over or has not come.
        """
        bearer = self._checked.get(token)
        if bearer is None:
            bearer = self._opened(token)
            _remember(self._checked, token, bearer)
        elif self._clock() >= bearer.expires_at + LEEWAY_SECONDS:
            del self._checked[token]
            raise _expired()
        return bearer

    def _said(self, principal: Principal, *, now: int) -> dict[str, Any]:
        return {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": principal.subject,
            "act": {"sub": self._caller},  # RFC 8693: who acts for the subject
            "tenant": principal.tenant,
            "roles": list(principal.roles),
            "iat": now,
            "exp": now + LIFE_SECONDS,
        }

    def _opened(self, token: str) -> Bearer:
        claims = self._verified(token)
        try:
            self._claims.validate(claims)
        except ExpiredTokenError:
            raise _expired() from None
        except ClaimError as error:
            raise _refused(_why(error, claims=claims, now=self._clock())) from None
        return _bearer(claims)

    def _verified(self, token: str) -> dict[str, Any]:
        """The claims of a token that was made with one of our keys."""
        if len(token) > _LONGEST or not token.isascii():
            raise _refused("it is malformed")
        try:
            opened = jwt.decode(token, self._named, algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            raise _refused("it was not made with a key of this installation") from None
        if opened.header.get("typ") != TYPE:
            raise _refused("it is a token of another kind")
        return opened.claims

    def _named(self, token: GuestProtocol) -> OctKey:
        """The key that a token says it was made with; one that names none is none of ours."""
        found = self._keys.get(str(token.headers().get("kid")))
        if found is None:
            raise _refused("it was not made with a key of this installation")
        return found


def _key(text: bytes) -> OctKey:
    if len(text) < LEAST_KEY_BYTES:
        raise ValidationFailedError(
            f"OCTOLLM_INTERNAL_KEY is too short: give at least {LEAST_KEY_BYTES} bytes, such as the "
            "output of `openssl rand -hex 32`.",
            field="OCTOLLM_INTERNAL_KEY",
        )
    return OctKey.import_key(text)


def _bearer(claims: Mapping[str, Any]) -> Bearer:
    try:
        said = _Said.model_validate(claims)
    except ValidationError:
        raise _refused("it does not hold what one must") from None
    principal = Principal(tenant=said.tenant, subject=said.sub, roles=tuple(said.roles))
    return Bearer(caller=said.act.sub, principal=principal, expires_at=said.exp)


def _why(error: ClaimError, *, claims: Mapping[str, Any], now: float) -> str:
    issued = claims.get("iat")
    if error.claim == "iat" and isinstance(issued, int) and issued > now:
        return f"it is {issued - now:.0f} s from the future: the clocks of the two machines differ"
    return f"its {error.claim} is not what it must be"


def _expired() -> UnauthenticatedError:
    return _refused("it has expired; are the clocks of both machines right?")


def _refused(why: str) -> UnauthenticatedError:
    return UnauthenticatedError(f"the internal token is not accepted: {why}", reason=REFUSED)


def missing_token() -> UnauthenticatedError:
    """The refusal of a call that carries no token at all."""
    return UnauthenticatedError(
        f"this service takes calls with an internal token only (metadata {METADATA_KEY}): "
        "call the gateway instead",
        reason=REFUSED,
    )


def _remember(memory: dict[Any, Any], key: object, value: object) -> None:
    """Bounded: a full memory is emptied, which costs some tokens made and checked anew."""
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    memory[key] = value
