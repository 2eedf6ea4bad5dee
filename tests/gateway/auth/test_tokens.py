"""Tokens, one row each: what is taken, and a corpus of what is not, with the reason that is audited."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.auth.jwt import TokenVerifier
from gateway.auth.key_set import read_key_set
from gateway.auth.key_source import KeySource
from servicekit.errors import UnauthenticatedError, ValidationFailedError
from servicekit.principal import Principal
from tests.gateway.auth.issuer import (
    ISSUER,
    NOW,
    SECRET,
    b64,
    by_hand,
    claims,
    ec,
    ed,
    key_set,
    public,
    rsa_key,
    signed,
    with_hmac,
)

ALICE = Principal(tenant="acme", subject="alice", roles=("user",))


def verifier(keys: bytes | None = None, *, secret: bytes | None = None) -> TokenVerifier:
    text = keys or key_set(ec(), ed(), rsa_key())

    async def load() -> bytes:
        return text

    source = KeySource(load=load, pause=30, age=300)
    return TokenVerifier(issuer=ISSUER, keys=source, secret=secret, clock=lambda: NOW)


GOOD: dict[str, Callable[[], str]] = {
    "ES256": signed,
    "EdDSA": lambda: signed(key=ed(), alg="EdDSA"),
    "RS256": lambda: signed(key=rsa_key(), alg="RS256"),
    "type JWT": lambda: signed(header={"typ": "JWT"}),
    "several audiences": lambda: signed(claims(aud=["others", "octollm"])),
    "just expired, within the leeway": lambda: signed(claims(iat=NOW - 600, exp=NOW - 29)),
    "from a clock that is ahead, within the leeway": lambda: signed(claims(iat=NOW + 29)),
    "nbf within the leeway": lambda: signed(claims(nbf=NOW + 29)),
    "an hour long": lambda: signed(claims(iat=NOW, exp=NOW + 3600)),
    "times with fractions": lambda: signed(claims(iat=NOW + 0.5)),
    "roles of the provider's own": lambda: signed(claims(roles=["user", "payroll"])),
    "a key of its own, ignored": lambda: signed(header={"jwk": public(ec("evil"))}),
    "an address of keys, ignored": lambda: signed(header={"jku": "https://evil.example/jwks"}),
    "a certificate's address, ignored": lambda: signed(header={"x5u": "https://evil.example/x"}),
    "further claims": lambda: signed(claims(name="Alice", scope="task:read")),
}


@pytest.mark.parametrize("name", GOOD)
async def test_a_good_token_says_who_it_is(name: str) -> None:
    principal, until = await verifier().verify(GOOD[name]())
    assert principal == ALICE
    assert NOW < until <= NOW + 3630


async def test_what_a_token_need_not_say() -> None:
    bare = claims(without="tenant")
    del bare["roles"]
    principal, _ = await verifier().verify(signed(bare))
    assert principal == Principal(tenant="default", subject="alice", roles=())


def cut_payload() -> str:
    head, body, seal = signed().split(".")
    return f"{head}.{body[:-4]}.{seal}"


def other_payload() -> str:
    head, _, seal = signed().split(".")
    return f"{head}.{b64(json.dumps(claims(sub='root', roles=['admin'])).encode())}.{seal}"


def other_spelling() -> str:
    """The same bytes by another text: the last character's unused bits differ."""
    head, body, seal = signed().split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return f"{head}.{body}.{seal[:-1]}{alphabet[alphabet.index(seal[-1]) ^ 1]}"


def der_signature() -> str:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec as curves

    head, body, _ = signed().split(".")
    raw = ec().private_key
    assert raw is not None
    return f"{head}.{body}.{b64(raw.sign(f'{head}.{body}'.encode(), curves.ECDSA(hashes.SHA256())))}"


def pem(key: Any) -> bytes:
    return key.as_pem(private=False)


HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "ec"}
HOSTILE: dict[str, tuple[Callable[[], str], str]] = {
    # Form.
    "empty": (lambda: "", "TOKEN_MALFORMED"),
    "not a token": (lambda: "hello", "TOKEN_MALFORMED"),
    "two parts": (lambda: ".".join(signed().split(".")[:2]), "TOKEN_MALFORMED"),
    "four parts": (lambda: signed() + ".x", "TOKEN_MALFORMED"),
    "five parts, as encrypted ones have": (lambda: signed() + ".x.y", "TOKEN_MALFORMED"),
    "empty signature": (lambda: signed().rpartition(".")[0] + ".", "TOKEN_MALFORMED"),
    "padded": (lambda: signed() + "==", "TOKEN_MALFORMED"),
    "standard base64": (lambda: signed().replace("-", "+").replace("_", "/") + "+", "TOKEN_MALFORMED"),
    "a line break at its end": (lambda: signed() + "\n", "TOKEN_MALFORMED"),
    "another spelling of the signature": (other_spelling, "TOKEN_MALFORMED"),
    "longer than 8 kB": (lambda: signed(claims(name="a" * 8192)), "TOKEN_TOO_LONG"),
    "a header that is no JSON": (lambda: by_hand(b"{", claims(), b"x" * 64), "TOKEN_MALFORMED"),
    "a header that is a list": (lambda: by_hand(b"[]", claims(), b"x" * 64), "TOKEN_MALFORMED"),
    "a header not in UTF-8": (lambda: by_hand(b'{"a":"\xff"}', claims(), b"x" * 64), "TOKEN_MALFORMED"),
    "an algorithm given twice": (
        lambda: by_hand(b'{"alg":"none","alg":"ES256","typ":"JWT"}', claims(), b"x" * 64),
        "TOKEN_MALFORMED",
    ),
    "claims that are no JSON": (lambda: signed(b"hello"), "TOKEN_MALFORMED"),
    "claims that are a list": (lambda: signed(b"[1]"), "TOKEN_MALFORMED"),
    "a claim given twice": (
        lambda: signed(json.dumps(claims()).encode()[:-1] + b', "sub": "root"}'),
        "TOKEN_MALFORMED",
    ),
    "claims nested without end": (lambda: signed(b'{"a":' * 40 + b"1" + b"}" * 40), "TOKEN_MALFORMED"),
    "a number that is none": (lambda: signed(b'{"exp": NaN}'), "TOKEN_MALFORMED"),
    # Algorithm and type.
    "unsigned": (lambda: by_hand({**HEADER, "alg": "none"}, claims(), b"x"), "TOKEN_ALGORITHM"),
    "unsigned, spelled otherwise": (
        lambda: by_hand({**HEADER, "alg": "nOnE"}, claims(), b"x"),
        "TOKEN_ALGORITHM",
    ),
    "no algorithm": (lambda: by_hand({"typ": "JWT", "kid": "ec"}, claims(), b"x"), "TOKEN_ALGORITHM"),
    "an algorithm that is a list": (
        lambda: by_hand({**HEADER, "alg": ["ES256"]}, claims(), b"x"),
        "TOKEN_ALGORITHM",
    ),
    "lower-case algorithm": (lambda: by_hand({**HEADER, "alg": "es256"}, claims(), b"x"), "TOKEN_ALGORITHM"),
    "HS256 without a secret of ours": (
        lambda: with_hmac(SECRET, header={**HEADER, "alg": "HS256"}),
        "TOKEN_ALGORITHM",
    ),
    "HS256 made with the public RSA key": (
        lambda: with_hmac(pem(rsa_key()), header={**HEADER, "alg": "HS256", "kid": "rsa"}),
        "TOKEN_ALGORITHM",
    ),
    "RS512, not on the list": (lambda: signed(key=rsa_key(), alg="RS512"), "TOKEN_ALGORITHM"),
    "PS256, not on the list": (lambda: signed(key=rsa_key(), alg="PS256"), "TOKEN_ALGORITHM"),
    "ES384, not on the list": (lambda: signed(key=ec("ec3", "P-384"), alg="ES384"), "TOKEN_ALGORITHM"),
    "the algorithm of another key": (
        lambda: by_hand({**HEADER, "alg": "EdDSA"}, claims(), b"x" * 64),
        "TOKEN_ALGORITHM",
    ),
    "RS256 for the EC key": (
        lambda: signed(key=rsa_key(), alg="RS256", header={"kid": "ec"}),
        "TOKEN_ALGORITHM",
    ),
    "no type": (lambda: signed(without="typ"), "TOKEN_TYPE"),
    "another type": (lambda: signed(header={"typ": "logout+jwt"}), "TOKEN_TYPE"),
    "an identity token's type": (lambda: signed(header={"typ": "id_token"}), "TOKEN_TYPE"),
    "a type that is a number": (lambda: by_hand({**HEADER, "typ": 1}, claims(), b"x"), "TOKEN_TYPE"),
    "an extension that must be understood": (
        lambda: by_hand({**HEADER, "crit": ["exp"]}, claims(), b"x" * 64),
        "TOKEN_MALFORMED",
    ),
    "a payload not encoded": (
        lambda: by_hand({**HEADER, "b64": False}, claims(), b"x" * 64),
        "TOKEN_MALFORMED",
    ),
    # Key.
    "no key id": (lambda: signed(without="kid"), "TOKEN_KEY_UNKNOWN"),
    "an unknown key id": (lambda: signed(key=ec("other")), "TOKEN_KEY_UNKNOWN"),
    "a path for a key id": (lambda: signed(header={"kid": "../../../../dev/null"}), "TOKEN_KEY_UNKNOWN"),
    "SQL for a key id": (lambda: signed(header={"kid": "x' UNION SELECT 'ec"}), "TOKEN_KEY_UNKNOWN"),
    "a method's name for a key id": (lambda: signed(header={"kid": "__class__"}), "TOKEN_KEY_UNKNOWN"),
    "a key id that is an object": (
        lambda: by_hand({**HEADER, "kid": {"a": 1}}, claims(), b"x" * 64),
        "TOKEN_MALFORMED",
    ),
    "a key id without end": (
        lambda: by_hand({**HEADER, "kid": "k" * 1000}, claims(), b"x"),
        "TOKEN_MALFORMED",
    ),
    # Signature.
    "somebody else's key under our id": (
        lambda: signed(key=ec("evil"), header={"kid": "ec"}),
        "TOKEN_SIGNATURE",
    ),
    "its own key in the header": (
        lambda: signed(key=ec("evil"), header={"kid": "ec", "jwk": public(ec("evil"))}),
        "TOKEN_SIGNATURE",
    ),
    "its own key at an address": (
        lambda: signed(key=ec("evil"), header={"kid": "ec", "jku": "https://evil.example/jwks"}),
        "TOKEN_SIGNATURE",
    ),
    "its own certificate": (
        lambda: signed(key=ec("evil"), header={"kid": "ec", "x5c": ["MIIB"]}),
        "TOKEN_SIGNATURE",
    ),
    "a certificate's address": (
        lambda: signed(key=ec("evil"), header={"kid": "ec", "x5u": "https://evil.example/x"}),
        "TOKEN_SIGNATURE",
    ),
    "other claims under the signature": (other_payload, "TOKEN_SIGNATURE"),
    "claims cut short": (cut_payload, "TOKEN_MALFORMED"),
    "a signature of zeros": (lambda: by_hand(HEADER, claims(), b"\0" * 64), "TOKEN_SIGNATURE"),
    "a short signature": (lambda: by_hand(HEADER, claims(), b"x"), "TOKEN_SIGNATURE"),
    "a signature in DER": (der_signature, "TOKEN_SIGNATURE"),
    # Claims.
    "no issuer": (lambda: signed(claims(without="iss")), "TOKEN_ISSUER"),
    "another issuer": (lambda: signed(claims(iss="https://login.example.evil")), "TOKEN_ISSUER"),
    "the issuer with a slash": (lambda: signed(claims(iss=ISSUER + "/")), "TOKEN_ISSUER"),
    "the issuer in a list": (lambda: signed(claims(iss=[ISSUER])), "TOKEN_ISSUER"),
    "no audience": (lambda: signed(claims(without="aud")), "TOKEN_AUDIENCE"),
    "another audience": (lambda: signed(claims(aud="octollm2")), "TOKEN_AUDIENCE"),
    "an audience of part of our name": (lambda: signed(claims(aud="octo")), "TOKEN_AUDIENCE"),
    "an audience among numbers": (lambda: signed(claims(aud=["octollm", 1])), "TOKEN_AUDIENCE"),
    "no end": (lambda: signed(claims(without="exp")), "TOKEN_TIMES"),
    "no beginning": (lambda: signed(claims(without="iat")), "TOKEN_TIMES"),
    "an end that is text": (lambda: signed(claims(exp=str(NOW + 60))), "TOKEN_TIMES"),
    "an end that is true": (lambda: signed(claims(exp=True)), "TOKEN_TIMES"),
    "an end beyond all time": (lambda: signed(claims(exp=10**30)), "TOKEN_TIMES"),
    "a negative beginning": (lambda: signed(claims(iat=-1)), "TOKEN_TIMES"),
    "expired": (lambda: signed(claims(iat=NOW - 600, exp=NOW - 30)), "TOKEN_EXPIRED"),
    "from the future": (lambda: signed(claims(iat=NOW + 31, exp=NOW + 60)), "TOKEN_NOT_YET_VALID"),
    "not before tomorrow": (lambda: signed(claims(nbf=NOW + 86400)), "TOKEN_NOT_YET_VALID"),
    "not before text": (lambda: signed(claims(nbf="now")), "TOKEN_TIMES"),
    "more than an hour long": (lambda: signed(claims(exp=NOW + 3601)), "TOKEN_LIFE"),
    "over before it began": (lambda: signed(claims(iat=NOW + 20, exp=NOW + 10)), "TOKEN_LIFE"),
    "no subject": (lambda: signed(claims(without="sub")), "TOKEN_SUBJECT"),
    "an empty subject": (lambda: signed(claims(sub="")), "TOKEN_SUBJECT"),
    "a subject without end": (lambda: signed(claims(sub="a" * 256)), "TOKEN_SUBJECT"),
    "our name for nobody": (lambda: signed(claims(sub="anonymous")), "TOKEN_SUBJECT"),
    "the name of a service": (lambda: signed(claims(sub="service:gateway")), "TOKEN_SUBJECT"),
    "a subject of two lines": (lambda: signed(claims(sub="a\nb")), "TOKEN_SUBJECT"),
    "no id": (lambda: signed(claims(without="jti")), "TOKEN_ID"),
    "an id that is a number": (lambda: signed(claims(jti=1)), "TOKEN_ID"),
    "a tenant that is none": (lambda: signed(claims(tenant="Acme Inc")), "TOKEN_TENANT"),
    "a tenant that is null": (lambda: signed(claims(tenant=None)), "TOKEN_TENANT"),
    "roles that are text": (lambda: signed(claims(roles="admin")), "TOKEN_ROLES"),
    "roles that are an object": (lambda: signed(claims(roles={"admin": True})), "TOKEN_ROLES"),
    "a role that is a list": (lambda: signed(claims(roles=[["admin"]])), "TOKEN_ROLES"),
}


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(HOSTILE) >= 37


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_token_is_refused(name: str) -> None:
    make, reason = HOSTILE[name]
    with pytest.raises(UnauthenticatedError) as caught:
        await verifier().verify(make())
    assert caught.value.reason == reason


async def test_a_shared_secret_is_taken_where_one_is_set_and_only_that() -> None:
    header = {"alg": "HS256", "typ": "JWT"}
    both = verifier(secret=SECRET)
    assert (await both.verify(with_hmac(SECRET, header=header)))[0] == ALICE
    assert (await both.verify(signed()))[0] == ALICE
    for other in (SECRET[:-1], pem(rsa_key()), b""):
        with pytest.raises(UnauthenticatedError):
            await both.verify(with_hmac(other, header=header))
    with pytest.raises(ValidationFailedError, match="32 bytes"):
        verifier(secret=SECRET[:31])


USELESS: dict[str, Any] = {
    "a symmetric key": lambda: {"kty": "oct", "kid": "ec", "k": b64(SECRET)},
    "a private key": lambda: ec().as_dict(private=True),
    "a key to encrypt with": lambda: public(ec(), use="enc"),
    "a key for other operations": lambda: public(ec(), key_ops=["deriveKey"]),
    "a key for another algorithm": lambda: public(ec(), alg="ES512"),
    "another curve": lambda: public(ec("ec", "P-384")),
    "a small RSA key": lambda: public(rsa_key("ec", 1024)),
    "no key id": lambda: {name: it for name, it in public(ec()).items() if name != "kid"},
    "a key id that is a number": lambda: public(ec(), kid=1),
    "operations that are a number": lambda: public(ec(), key_ops=1),
    "half a key": lambda: {"kty": "EC", "crv": "P-256", "kid": "ec", "x": "AA"},
    "an unknown kind": lambda: {"kty": "unheard-of", "kid": "ec"},
    "no object": lambda: ["ec"],
}


@pytest.mark.parametrize("name", USELESS)
def test_a_set_may_hold_keys_that_are_not_for_us(name: str) -> None:
    text = json.dumps({"keys": [USELESS[name](), public(ed())]}).encode()
    assert set(read_key_set(text)) == {"ed"}


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"keys": {}}', b"<html>", b'{"keys": 1}'])
def test_what_is_no_set_is_refused(text: bytes) -> None:
    with pytest.raises(ValidationFailedError):
        read_key_set(text)
