"""Verifies JSON Web Tokens: pinned algorithms, keys that we have, claims that are for us."""

import time
from collections.abc import Callable

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gateway.auth.claims import principal_of
from gateway.auth.key_source import KeySource
from gateway.auth.refusal import refusal
from gateway.auth.token import Unverified, read_token
from servicekit.errors import ValidationFailedError
from servicekit.principal import Principal

SIGNED = frozenset({"ES256", "EdDSA", "RS256"})
"""Algorithms of keys in the set; what verifies such a token cannot make one."""

SHARED = "HS256"
"""The algorithm of a secret that issuer and gateway share."""

LEAST_SECRET_BYTES = 32


class TokenVerifier:
    """Tells whom tokens are about.

    Args:
        issuer: who must have issued them, exactly.
        keys: public keys; None when no token is signed with one.
        secret: the shared secret; None when no token is made with one.
        clock: seconds since 1970.

    Raises:
        ValidationFailedError: the secret is too short.
    """

    def __init__(
        self,
        *,
        issuer: str,
        keys: KeySource | None,
        secret: bytes | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if secret is not None and len(secret) < LEAST_SECRET_BYTES:
            raise ValidationFailedError(
                f"OCTOLLM_JWT_SECRET must have at least {LEAST_SECRET_BYTES} bytes.",
                field="OCTOLLM_JWT_SECRET",
            )
        self._issuer = issuer
        self._keys = keys
        self._secret = OctKey.import_key(secret) if secret is not None else None
        self._clock = clock
        self._algorithms = (SIGNED if keys else frozenset[str]()) | ({SHARED} if secret else frozenset[str]())

    async def verify(self, text: str) -> tuple[Principal, float]:
        """Whom a token is about, and until when it holds, in seconds since 1970.

        Raises:
            UnauthenticatedError: it is not valid; the reason says why.
            UnavailableError: the keys cannot be had.
        """
        token = read_token(text, algorithms=self._algorithms)
        _check_signature(token, await self._key(token))
        return principal_of(token.claims, issuer=self._issuer, now=self._clock())

    async def _key(self, token: Unverified) -> ECKey | OctKey | OKPKey | RSAKey:
        if token.algorithm == SHARED and self._secret is not None:
            return self._secret
        found = await self._keys.find(token.kid) if self._keys and token.kid else None
        if found is None:
            raise refusal("TOKEN_KEY_UNKNOWN")
        if found.algorithm != token.algorithm:
            raise refusal("TOKEN_ALGORITHM")
        return found.key


def _check_signature(token: Unverified, key: ECKey | OctKey | OKPKey | RSAKey) -> None:
    registry = jws.JWSRegistry(algorithms=[token.algorithm], strict_check_header=False)
    try:
        jws.deserialize_compact(token.text, key, registry=registry)
    except (JoseError, ValueError, TypeError):
        raise refusal("TOKEN_SIGNATURE") from None
