"""Internal tokens: what one service says to another is believed, and nothing else."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from joserfc.jwk import OctKey
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from servicekit.channel import open_channel
from servicekit.errors import UnauthenticatedError, UnavailableError, ValidationFailedError
from servicekit.internal_tokens import METADATA_KEY, REFUSED, TYPE, InternalTokens
from servicekit.metrics import Metrics
from servicekit.principal import (
    ANONYMOUS,
    Principal,
    current_caller,
    current_principal,
    is_subject,
    is_tenant,
    set_principal,
)
from servicekit.roles import ROLES, known_roles
from servicekit.server import serve
from servicekit.status_board import StatusBoard

KEY = b"k" * 32
ALICE = Principal(tenant="acme", subject="alice", roles=("user",))


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def tokens(*, key: bytes = KEY, caller: str = "gateway", clock: Clock | None = None) -> InternalTokens:
    return InternalTokens(key=key, caller=caller, clock=clock or Clock())


def test_a_token_says_who_calls_and_for_whom() -> None:
    for _ in range(2):  # the second time from memory
        bearer = tokens(caller="orchestrator").check(tokens().mint(ALICE))
        assert (bearer.caller, bearer.principal) == ("gateway", ALICE)


def test_where_nobody_is_acted_for_a_service_has_no_rights() -> None:
    bearer = tokens().check(tokens().mint(ANONYMOUS))
    assert bearer.principal == Principal(tenant="default", subject="service:gateway")
    assert not any(bearer.principal.may(scope) for scope in ROLES["admin"])


def mine() -> str:
    return tokens().mint(ALICE)


NOW = int(Clock().now)
STRANGER = b"x" * 32
HEADER = {"alg": "HS256", "typ": TYPE, "kid": OctKey.import_key(KEY).thumbprint()}
CLAIMS: dict[str, Any] = {
    "iss": "octollm",
    "aud": "octollm/services",
    "sub": "alice",
    "act": {"sub": "gateway"},
    "tenant": "acme",
    "roles": ["user"],
    "iat": NOW,
    "exp": NOW + 60,
}


def segment(content: object) -> str:
    return encoded(json.dumps(content).encode())


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed(header: object, claims: object, *, key: bytes = KEY, digest: str = "sha256") -> str:
    """A token by hand: a library would not make most of those that are needed here."""
    body = f"{segment(header)}.{segment(claims)}"
    return f"{body}.{encoded(hmac.digest(key, body.encode(), digest))}"


def made(*, without: str = "", **claims: Any) -> str:
    """A token as one of ours, under our key, with other claims."""
    return sealed(HEADER, {name: it for name, it in {**CLAIMS, **claims}.items() if name != without})


def headed(*, without: str = "", key: bytes = KEY, digest: str = "sha256", **header: Any) -> str:
    """A token as one of ours with another header."""
    head = {name: it for name, it in {**HEADER, **header}.items() if name != without}
    return sealed(head, CLAIMS, key=key, digest=digest)


def forged(**claims: Any) -> str:
    """A good token with other claims under its old signature."""
    head, _, seal = mine().split(".")
    return f"{head}.{segment({**CLAIMS, **claims})}.{seal}"


def unsigned(algorithm: str, seal: str = "") -> str:
    return f"{segment({**HEADER, 'alg': algorithm})}.{segment(CLAIMS)}.{seal}"


BAD = {
    "empty": "",
    "a dot": ".",
    "two dots": "..",
    "no signature": mine().rpartition(".")[0],
    "an empty signature": mine().rpartition(".")[0] + ".",
    "another key": tokens(key=STRANGER).mint(ALICE),
    "another key under our key's name": headed(key=STRANGER),
    "another key that it names": headed(key=STRANGER, kid=OctKey.import_key(STRANGER).thumbprint()),
    "a key that it brings along": headed(key=STRANGER, jwk=OctKey.import_key(STRANGER).as_dict()),
    "no name of a key": headed(without="kid"),
    "a name that is none": headed(kid=7),
    "other claims": forged(sub="root", roles=["admin"]),
    "cut": mine()[:-1],
    "longer": mine() + "A",
    "a fourth part": mine() + ".A",
    "not ASCII": "ä.ö.ü",
    "endless": "a" * 10_000,
    "no algorithm": unsigned("none"),
    "no algorithm, and a signature": unsigned("none", mine().rpartition(".")[2]),
    "another algorithm": headed(alg="HS512", digest="sha512"),
    "a public key's algorithm": unsigned("ES256", mine().rpartition(".")[2]),
    "another kind": headed(typ="JWT"),
    "a capability": headed(typ="octollm-capability+jwt"),
    "no kind": headed(without="typ"),
    "what must be understood": headed(crit=["b64"], b64=False),
    "another issuer": made(iss="acme"),
    "no issuer": made(without="iss"),
    "another audience": made(aud="octollm"),
    "no audience": made(without="aud"),
    "no expiry": made(without="exp"),
    "an expiry that never comes": made(exp=float("nan")),
    "an expiry in words": made(exp="tomorrow"),
    "no issue": made(without="iat"),
    "nobody": made(without="sub"),
    "a number for a subject": made(sub=7),
    "no caller": made(without="act"),
    "a caller that is no object": made(act="gateway"),
    "no tenant": made(without="tenant"),
    "no roles": made(without="roles"),
    "a word for roles": made(roles="admin"),
    "numbers for roles": made(roles=[1]),
    "a list for claims": sealed(HEADER, []),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_ours_is_refused(name: str) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        tokens().check(BAD[name])
    assert caught.value.reason == REFUSED


@pytest.mark.parametrize(
    ("seconds", "words"), [(91, "expired"), (3600, "expired"), (-31, "from the future"), (-3600, "clocks")]
)
def test_another_time_is_refused_with_what_to_look_at(seconds: float, words: str) -> None:
    there = Clock()
    token = tokens().mint(ALICE)
    there.now += seconds
    with pytest.raises(UnauthenticatedError, match=words):
        tokens(clock=there).check(token)


@pytest.mark.parametrize("seconds", [89, -29])
def test_clocks_may_differ_a_little(seconds: float) -> None:
    there = Clock()
    there.now += seconds
    assert tokens(clock=there).check(tokens().mint(ALICE)).principal == ALICE


def test_a_remembered_token_expires_all_the_same() -> None:
    clock = Clock()
    both = tokens(clock=clock)
    token = both.mint(ALICE)
    assert both.check(token)
    assert both.mint(ALICE) == token
    clock.now += 31
    assert both.mint(ALICE) != token
    clock.now += 60
    with pytest.raises(UnauthenticatedError, match="expired"):
        both.check(token)


def test_the_tokens_of_these_tests_are_good_but_for_what_they_say() -> None:
    assert tokens().check(made()) == tokens().check(mine())


OLD, NEW = b"o" * 32, b"n" * 32


@pytest.mark.parametrize(
    ("makes", "checks"),
    [
        (OLD, OLD + b"\n" + NEW),  # the new one is made known ...
        (NEW + b"\n" + OLD, OLD + b"\n" + NEW),  # ... then makes tokens, here before there ...
        (OLD + b"\n" + NEW, NEW + b"\r\n\n" + OLD + b"\n"),
        (NEW + b"\n" + OLD, NEW),  # ... then the old one goes
    ],
)
def test_the_key_is_changed_while_all_services_go_on(makes: bytes, checks: bytes) -> None:
    assert tokens(key=checks).check(tokens(key=makes).mint(ALICE)).principal == ALICE


def test_a_key_that_is_gone_makes_no_more_tokens() -> None:
    with pytest.raises(UnauthenticatedError):
        tokens(key=NEW).check(tokens(key=OLD + b"\n" + NEW).mint(ALICE))


@pytest.mark.parametrize("key", [b"short", b"", b"\n", OLD + b"\nshort"])
def test_a_short_key_is_none(key: bytes) -> None:
    with pytest.raises(ValidationFailedError, match="32 bytes"):
        InternalTokens(key=key, caller="gateway")


def test_what_is_remembered_is_bounded() -> None:
    both = tokens()
    for number in range(5000):
        both.check(both.mint(Principal(tenant="acme", subject=f"s{number}")))
    assert max(len(both._minted), len(both._checked)) <= 4096


@pytest.mark.parametrize(
    ("subject", "good"),
    [
        ("alice", True),
        ("alice@example.com", True),
        ("ä" * 255, True),
        ("", False),
        ("a" * 256, False),
        ("anonymous", False),
        ("service:gateway", False),
        ("a\nb", False),
        ("a\0", False),
        ("\u202egnp", False),
    ],
)
def test_names_that_subjects_may_have(subject: str, good: bool) -> None:
    assert is_subject(subject) is good


@pytest.mark.parametrize(
    ("tenant", "good"), [("a", True), ("a-1", True), ("A", False), ("-a", False), ("a\n", False), ("", False)]
)
def test_names_that_tenants_may_have(tenant: str, good: bool) -> None:
    assert is_tenant(tenant) is good


def test_roles_are_kept_in_one_order_and_unknown_ones_dropped() -> None:
    assert known_roles(["admin", "root", "viewer", "admin"]) == ("viewer", "admin")


class Reflex(reflex_pb2_grpc.ReflexServiceServicer):
    """Tells who it was called for."""

    async def GetCache(
        self, request: reflex_pb2.GetCacheRequest, context: Any
    ) -> reflex_pb2.GetCacheResponse:
        principal = current_principal()
        said = f"{current_caller()}/{principal.tenant}/{principal.subject}/{','.join(principal.roles)}"
        return reflex_pb2.GetCacheResponse(key=said)


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[str]:
    """A server that wants tokens; its address."""
    async with serve(
        name="reflex",
        addresses=[f"unix:{tmp_path}/s"],
        register=lambda server: reflex_pb2_grpc.add_ReflexServiceServicer_to_server(Reflex(), server),
        services=["octollm.reflex.v1.ReflexService"],
        board=StatusBoard(service="reflex"),
        metrics=Metrics(),
        tokens=InternalTokens(key=KEY, caller="reflex"),
    ) as running:
        yield running.endpoints["socket"]


async def who(channel: grpc.aio.Channel) -> str:
    stub = reflex_pb2_grpc.ReflexServiceStub(channel)
    return (await stub.GetCache(reflex_pb2.GetCacheRequest(key="k"))).key


async def test_a_call_acts_for_the_callers_principal(guarded: str) -> None:
    set_principal(ALICE)
    async with open_channel(guarded, timeout=5, tokens=InternalTokens(key=KEY, caller="gateway")) as channel:
        assert await who(channel) == "gateway/acme/alice/user"


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        ((METADATA_KEY, ""),),
        ((METADATA_KEY, BAD["other claims"]),),
        (("tenant", "acme"), ("subject", "root"), ("authorization", "Bearer x")),
        ((METADATA_KEY + "-bin", b"x"),),
    ],
)
async def test_a_call_without_a_valid_token_is_unauthenticated(guarded: str, metadata: Any) -> None:
    async with grpc.aio.insecure_channel(guarded) as channel:
        stub: Any = reflex_pb2_grpc.ReflexServiceStub(channel)
        # A key that breaks the rules: who is not known learns nothing of them.
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.GetCache(reflex_pb2.GetCacheRequest(key=" "), metadata=metadata)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_services_that_do_not_know_each_other_are_no_fault_of_the_caller(guarded: str) -> None:
    async with open_channel(
        guarded, timeout=5, tokens=InternalTokens(key=b"z" * 32, caller="gateway")
    ) as channel:
        with pytest.raises(UnavailableError, match="OCTOLLM_INTERNAL_KEY"):
            await who(channel)


async def test_probes_need_no_token(guarded: str) -> None:
    async with grpc.aio.insecure_channel(guarded) as channel:
        stub = cast("Any", health_pb2_grpc).HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(service="octollm.reflex.v1.ReflexService"))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
