"""An identity provider for tests: keys of every kind, tokens good and bad."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

ISSUER = "https://login.example"
SECRET = b"0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000


@cache
def ec(name: str = "ec", curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, {"kid": name})


@cache
def ed(name: str = "ed") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": name})


@cache
def rsa_key(name: str = "rsa", bits: int = 2048) -> RSAKey:
    raw = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return RSAKey.import_key(RSAKey(raw, raw).as_dict(private=True), {"kid": name})


def public(key: Any, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def key_set(*keys: Any) -> bytes:
    entries = [key if isinstance(key, dict) else public(key) for key in keys]
    return json.dumps({"keys": entries}).encode()


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(*, now: float = NOW, without: str = "", **more: Any) -> dict[str, Any]:
    its = {
        "iss": ISSUER,
        "aud": "octollm",
        "sub": "alice",
        "jti": "t-1",
        "iat": int(now),
        "exp": int(now) + 600,
        "tenant": "acme",
        "roles": ["user"],
        **more,
    }
    return {name: value for name, value in its.items() if name != without}


def signed(
    payload: Mapping[str, Any] | bytes | None = None,
    *,
    key: Any = None,
    alg: str = "ES256",
    header: Mapping[str, Any] | None = None,
    without: str = "",
) -> str:
    """A token that is properly signed, whatever it says."""
    key = key or ec()
    its: dict[str, Any] = {"alg": alg, "typ": "at+jwt", "kid": key.kid, **(header or {})}
    its.pop(without, None)
    body = claims() if payload is None else payload
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    return jws.serialize_compact(its, raw, key, registry=registry)


def by_hand(header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, signature: bytes) -> str:
    """A token put together without any library."""
    parts = [it if isinstance(it, bytes) else json.dumps(it).encode() for it in (header, payload)]
    return ".".join([*map(b64, parts), b64(signature)])


def with_hmac(key: bytes, *, header: Mapping[str, Any], payload: Mapping[str, Any] | None = None) -> str:
    """A token made with a shared secret."""
    head, body = b64(json.dumps(header).encode()), b64(json.dumps(payload or claims()).encode())
    seal = hmac.digest(key, f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{b64(seal)}"


def now_claims(**more: Any) -> dict[str, Any]:
    """Claims that hold at this moment."""
    return claims(now=time.time(), **more)
