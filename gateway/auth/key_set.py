"""A JSON Web Key Set as the gateway takes it: public keys to verify signatures with, by their id."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.routing.strict_json import parse_json
from servicekit.errors import ValidationFailedError

MOST_KEYS = 100
LEAST_RSA_BITS = 2048
_LONGEST_ID = 255
_SECRET_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "k")
"""Members of private and symmetric keys: whoever publishes them has lost them."""


@dataclass(frozen=True, kw_only=True)
class VerificationKey:
    """A public key and the one algorithm that it verifies."""

    algorithm: str
    key: ECKey | OKPKey | RSAKey


def read_key_set(text: bytes) -> Mapping[str, VerificationKey]:
    """The usable keys of a set, by `kid`; those for other purposes or algorithms are left out.

    Raises:
        ValidationFailedError: the text is no key set.
    """
    document = parse_json(text)
    listed: Any = cast("dict[str, Any]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValidationFailedError("this is no JSON Web Key Set: it has no list `keys`")
    found: dict[str, VerificationKey] = {}
    for one in cast("list[Any]", listed)[:MOST_KEYS]:
        entry = cast("dict[str, Any]", one) if isinstance(one, dict) else dict[str, Any]()
        kid = entry.get("kid")
        if isinstance(kid, str) and 0 < len(kid) <= _LONGEST_ID and (key := _key(entry)):
            found.setdefault(kid, key)
    return found


def _key(entry: dict[str, Any]) -> VerificationKey | None:
    """The key of an entry; None when it is not for us."""
    if any(member in entry for member in _SECRET_MEMBERS):
        return None
    try:
        if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ["verify"]):
            return None
        found = _imported(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return found if found and entry.get("alg", found.algorithm) == found.algorithm else None


def _imported(entry: dict[str, Any]) -> VerificationKey | None:
    kind, curve = entry.get("kty"), entry.get("crv")
    if kind == "EC" and curve == "P-256":
        return VerificationKey(algorithm="ES256", key=ECKey.import_key(entry))
    if kind == "OKP" and curve == "Ed25519":
        return VerificationKey(algorithm="EdDSA", key=OKPKey.import_key(entry))
    if kind == "RSA":
        key = RSAKey.import_key(entry)
        bits = key.public_key.key_size
        return VerificationKey(algorithm="RS256", key=key) if bits >= LEAST_RSA_BITS else None
    return None
