"""Internal tokens: what one service says to another is believed, and nothing else."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from servicekit.channel import open_channel
from servicekit.errors import UnauthenticatedError, UnavailableError, ValidationFailedError
from servicekit.internal_tokens import METADATA_KEY, REFUSED, InternalTokens
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


def forged_claims() -> str:
    claims = urlsafe_b64encode(b'["gateway","acme","root",["admin"],999999,1000060]').rstrip(b"=").decode()
    return f"{claims}.{mine().partition('.')[2]}"


BAD = {
    "empty": "",
    "a dot": ".",
    "no seal": mine().partition(".")[0],
    "another key": tokens(key=b"x" * 32).mint(ALICE),
    "other claims": forged_claims(),
    "cut": mine()[:-1],
    "longer": mine() + "A",
    "not ASCII": "ä.ö",
    "endless": "a" * 10_000,
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


def test_a_short_key_is_none() -> None:
    with pytest.raises(ValidationFailedError, match="32 bytes"):
        InternalTokens(key=b"short", caller="gateway")


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
