"""Capability tokens at a real arm process: what is wrong with one is refused, audited, nothing started."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import OctKey
from octollm.arms.v1 import arm_pb2
from octollm.service.v1 import status_pb2

from servicekit.capability.claims import Claims, to_json
from servicekit.capability.token import TYPE, new_key, sign
from servicekit.errors import PermissionDeniedError
from tests.fault.permitted import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


def raw(header: dict[str, Any], payload: bytes, signature: bytes = b"") -> str:
    parts = (orjson.dumps(header), payload, signature)
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def with_header(house: House, claims: Claims, **changed: Any) -> str:
    """Signed by the orchestrator's key, under another header."""
    header = {"alg": "Ed25519", "kid": house.kid, "typ": TYPE, **changed}
    return jws.serialize_compact(header, to_json(claims), house.key, algorithms=[header["alg"]])


def by_secret(house: House, claims: Claims) -> str:
    """HMAC with the published key as its secret: what a verifier takes that lets tokens choose."""
    public = house.key.as_dict(private=False)
    secret = OctKey.import_key(urlsafe_b64decode(str(public["x"]) + "="))
    header = {"alg": "HS256", "kid": house.kid, "typ": TYPE}
    return jws.serialize_compact(header, to_json(claims), secret, algorithms=["HS256"])


def tampered(house: House, claims: Claims) -> str:
    """Another payload under a good signature."""
    header, _, signature = house.signed(claims).split(".")
    wider = to_json(replace(claims, acts=("note", "code_execution")))
    return f"{header}.{urlsafe_b64encode(wider).rstrip(b'=').decode()}.{signature}"


Forge = Callable[[House, arm_pb2.ExecuteRequest], str]

FORGED: dict[str, tuple[Forge, str]] = {
    "none": (lambda _h, _r: "", "MISSING"),
    "garbage": (lambda _h, _r: "a.b.c", "INVALID"),
    "another task": (lambda h, r: h.signed(h.claims(r, task_id="task_2")), "WRONG_TASK"),
    "another arm": (lambda h, r: h.signed(h.claims(r, audience="noting-0")), "WRONG_ARM"),
    "another act": (lambda h, r: h.signed(h.claims(r, acts=("code_execution",))), "WRONG_ACT"),
    "changed arguments": (lambda h, _: h.signed(h.claims(h.request("s2"))), "WRONG_CALL"),
    "expired": (
        lambda h, r: h.signed(h.claims(r, issued_at=time.time() - 0.5, expires_at=time.time() - 11)),
        "EXPIRED",
    ),
    "not yet valid": (
        lambda h, r: h.signed(h.claims(r, issued_at=time.time() + 60, expires_at=time.time() + 90)),
        "NOT_YET",
    ),
    "issued before the start": (
        lambda h, r: h.signed(h.claims(r, issued_at=time.time() - 3600)),
        "BEFORE_START",
    ),
    "good for a day": (lambda h, r: h.signed(h.claims(r, expires_at=time.time() + 86_400)), "INVALID"),
    "a stranger's key under our id": (
        lambda h, r: sign(h.claims(r), kid=h.kid, key=new_key()),
        "INVALID",
    ),
    "a key that nobody published": (
        lambda h, r: sign(h.claims(r), kid="feedfacefeedface", key=new_key()),
        "KEY_UNKNOWN",
    ),
    "a widened payload": (lambda h, r: tampered(h, h.claims(r)), "INVALID"),
    "no algorithm": (
        lambda h, r: raw({"alg": "none", "kid": h.kid, "typ": TYPE}, to_json(h.claims(r))),
        "INVALID",
    ),
    "no algorithm, said otherwise": (
        lambda h, r: raw({"alg": "Ed25519", "kid": h.kid, "typ": TYPE}, to_json(h.claims(r))),
        "INVALID",
    ),
    "an HMAC with the public key": (lambda h, r: by_secret(h, h.claims(r)), "INVALID"),
    "another type": (lambda h, r: with_header(h, h.claims(r), typ="JWT"), "INVALID"),
    "a key of its own along": (
        lambda h, r: with_header(h, h.claims(r), jwk=new_key().as_dict(private=False)),
        "INVALID",
    ),
}


async def test_an_honest_token_opens_one_call_and_no_second_one(permitted: House) -> None:
    house = permitted
    before, audited = len(house.begun()), len(house.audited())
    request = await house.issued(house.request())
    assert await house.call(request) == "write it down"
    with pytest.raises(PermissionDeniedError, match="used before"):
        await house.call(request)
    assert len(house.begun()) == before + 1
    await house.until_audited("CAPABILITY_USED", after=audited)


async def test_whatever_is_forged_is_refused_audited_and_starts_nothing(permitted: House) -> None:
    house = permitted
    before, audited = len(house.begun()), len(house.audited())
    expected: list[str] = []
    for case, (forge, reason) in FORGED.items():
        request = house.request()
        request.capability_token = forge(house, request)
        with pytest.raises(PermissionDeniedError) as caught:
            await house.call(request)
        expected.append(f"CAPABILITY_{reason}")
        assert caught.value.reason == expected[-1], case
    assert len(house.begun()) == before, "something was started"
    await house.until_audited(*expected, after=audited)
    text = (await house.status.GetMetrics(status_pb2.GetMetricsRequest())).text
    assert 'octollm_capability_refusals_total{reason="CAPABILITY_WRONG_TASK"} 1.0' in text


async def test_what_is_delegated_wider_than_held_is_refused_and_audited(permitted: House) -> None:
    house = permitted
    held = house.signed(house.claims(house.request()))  # to note is all that it allows
    request = house.request()
    request.capability = "code_execution"
    with pytest.raises(PermissionDeniedError, match="does not lead to code_execution"):
        await house.capabilities.delegate(
            request, act="code_execution", instance_id=house.instance_id, held=held
        )
    assert house.audited(action="capability.delegate")[-1] == "CAPABILITY_TOO_WIDE"
