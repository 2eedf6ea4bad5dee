"""Who is calling, told from the Authorization header; what was told is remembered for a few seconds."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.auth.api_keys import PREFIX, KeyVerifier
from gateway.auth.jwt import TokenVerifier
from gateway.auth.refusal import refusal
from servicekit.errors import UnauthenticatedError
from servicekit.principal import Principal

REMEMBERED_SECONDS = 5.0
"""How long a verdict is good for: how long a revoked key or a removed signing key may still be taken."""

_MOST_REMEMBERED = 4096
_SCHEME = b"bearer "


@dataclass(frozen=True, kw_only=True, slots=True)
class _Verdict:
    principal: Principal | None
    reason: str
    good_until: float


class Authenticator:
    """Tells who is calling.

    Args:
        keys: verifies API keys.
        tokens: verifies JSON Web Tokens; None when there are none.
        clock: seconds since 1970.
    """

    def __init__(
        self, *, keys: KeyVerifier, tokens: TokenVerifier | None, clock: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._tokens = tokens
        self._clock = clock
        self._good: dict[bytes, _Verdict] = {}
        self._bad: dict[bytes, _Verdict] = {}

    async def principal(self, headers: Sequence[bytes]) -> Principal:
        """The principal that these Authorization headers show.

        Raises:
            UnauthenticatedError: none; the reason says why.
            UnavailableError: what would tell is away.
        """
        credential = presented(headers)
        # Kept by its hash: a dump of our memory shows no key of anybody's.
        name = hashlib.sha256(credential.encode()).digest()
        known = self._good.get(name) or self._bad.get(name)
        if known is None or self._clock() >= known.good_until:
            known = await self._verdict(credential)
            _remember(self._good if known.principal else self._bad, name, known)
        if known.principal is None:
            raise refusal(known.reason)
        return known.principal

    async def _verdict(self, credential: str) -> _Verdict:
        until = self._clock() + REMEMBERED_SECONDS
        try:
            if credential.startswith(PREFIX):
                principal = await self._keys.verify(credential)
            elif self._tokens is None:
                raise refusal("TOKENS_NOT_TAKEN")
            else:
                principal, expires = await self._tokens.verify(credential)
                until = min(until, expires)
        except UnauthenticatedError as error:
            return _Verdict(principal=None, reason=error.reason, good_until=until)
        return _Verdict(principal=principal, reason="", good_until=until)


def presented(headers: Sequence[bytes]) -> str:
    """The credential in the Authorization headers, of which there must be exactly one.

    Raises:
        UnauthenticatedError: there is none, or not in the form ``Bearer <credential>``.
    """
    if not headers:
        raise refusal("CREDENTIALS_MISSING")
    value = headers[0]
    if len(headers) > 1 or value[: len(_SCHEME)].lower() != _SCHEME:
        raise refusal("CREDENTIALS_MALFORMED")
    try:
        credential = value[len(_SCHEME) :].decode("ascii")
    except UnicodeDecodeError:
        raise refusal("CREDENTIALS_MALFORMED") from None
    if not credential.isprintable() or " " in credential:
        raise refusal("CREDENTIALS_MALFORMED")
    return credential


def _remember(memory: dict[bytes, _Verdict], name: bytes, verdict: _Verdict) -> None:
    """Bounded: a full memory is emptied, which costs a few verifications."""
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    memory[name] = verdict
