"""Signs and reads capability tokens: compact JWS, one algorithm, a type of their own."""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, cast

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from servicekit.capability.claims import Claims, from_json, to_json
from servicekit.errors import PermissionDeniedError

ALGORITHM = "Ed25519"
"""RFC 9864's name for EdDSA on that curve; no token chooses another."""

TYPE = "octollm-capability+jwt"
"""The `typ` that keeps them apart from every other token of the platform."""

LONGEST = 8192
"""Characters; longer ones are not looked at."""

Key = OKPKey
"""A public or private Ed25519 key."""


def sign(claims: Claims, *, kid: str, key: Key) -> str:
    """A token that allows what the claims say.

    Args:
        claims: what it allows.
        kid: the id under which the public key is found.
        key: the private key.
    """
    header = {"alg": ALGORITHM, "kid": kid, "typ": TYPE}
    return jws.serialize_compact(header, to_json(claims), key, algorithms=[ALGORITHM])


def key_id(token: str) -> str:
    """The id of the key that a token says it is signed with; nothing is believed yet.

    Raises:
        PermissionDeniedError: it is no capability token, whatever its signature.
    """
    header = _header(token) if len(token) <= LONGEST else {}
    kid = header.get("kid")
    # Exactly our header: no other algorithm, no key or address of a key that the token brings along.
    if header != {"alg": ALGORITHM, "kid": kid, "typ": TYPE} or not isinstance(kid, str):
        raise _invalid()
    return kid


def read(token: str, *, key: Key) -> Claims:
    """What a token allows; its times are for the caller to check.

    Args:
        token: as it was shown.
        key: the public key that `key_id` names.

    Raises:
        PermissionDeniedError: it is no capability token, or the key did not sign it.
    """
    key_id(token)
    try:
        return from_json(jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload)
    except (JoseError, ValueError) as error:
        raise _invalid() from error


def new_key() -> Key:
    """A fresh private key."""
    return OKPKey.generate_key(ALGORITHM)


def key_from_jwk(jwk: Mapping[str, Any]) -> Key:
    """A key from its JSON Web Key.

    Raises:
        ValueError: it is no Ed25519 key.
    """
    if jwk.get("crv") != ALGORITHM:
        raise ValueError("not an Ed25519 key")
    return OKPKey.import_key(dict(jwk))


def _header(token: str) -> dict[str, Any]:
    part = token.partition(".")[0]
    try:
        content: Any = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _invalid() -> PermissionDeniedError:
    return PermissionDeniedError("this is no valid capability token", reason="CAPABILITY_INVALID")
