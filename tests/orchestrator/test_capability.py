"""Capability tokens at the wire: on every call of an arm, issued, delegated narrower, keys that change."""

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from google.protobuf.message import Message
from octollm.arms.v1 import arm_pb2, executor_pb2
from octollm.orchestrator.v1 import capability_pb2 as pb
from octollm.orchestrator.v1 import capability_pb2_grpc, tasks_pb2
from pydantic import SecretStr

from orchestrator.app import build
from orchestrator.permits import Permit, Permits
from orchestrator.signing_keys import SigningKeys
from orchestrator.store_signing_keys import KeyRules, SigningKeyStore
from servicekit.capability.call import call_bytes, call_sha256
from servicekit.capability.claims import Bounds, Claims
from servicekit.capability.clients import Capabilities
from servicekit.capability.token import key_from_jwk, key_id, read
from servicekit.channel import open_channel
from servicekit.database import open_pool
from servicekit.errors import NotFoundError, PermissionDeniedError, ValidationFailedError
from servicekit.internal_tokens import InternalTokens
from servicekit.principal import Principal, set_principal
from tests.orchestrator.house import House, Script, eventually, running_house, settings_for

HASH = "ab" * 32


async def claims_of(house: House, token: str) -> Claims:
    told = await house.capabilities.ListVerificationKeys(pb.ListVerificationKeysRequest())
    keys = {jwk["kid"]: jwk for jwk in orjson.loads(told.jwks_json)["keys"]}
    assert all("d" not in jwk for jwk in keys.values()), "a private key was published"
    assert abs(told.now.ToNanoseconds() / 1e9 - time.time()) < 2
    return read(token, key=key_from_jwk(keys[key_id(token)]))


def grant(instance_id: str = "worker-1", act: str = "work", **more: Any) -> pb.CapabilityGrant:
    given: dict[str, Any] = {"arguments_sha256": HASH, "lifetime_seconds": 30, **more}
    return pb.CapabilityGrant(audience_instance_id=instance_id, acts=[act], **given)


async def issue(house: House, **more: Any) -> str:
    request = pb.IssueCapabilityRequest(grant=grant(**more))
    return (await house.capabilities.IssueCapability(request)).token


async def delegate(house: House, held: str, **more: Any) -> str:
    request = pb.DelegateCapabilityRequest(token=held, grant=grant(**more))
    return (await house.capabilities.DelegateCapability(request)).token


async def test_every_call_of_an_arm_carries_its_own_token(house: House) -> None:
    task = await house.run(acceptance_criteria=["good"])
    executed, planned = house.script.executed[0], house.script.plans[0]
    judged = house.script.judged[0]
    calls: list[tuple[Message, str, str, str, int]] = [
        (executed, "work", "worker-1", "only", 1),
        (planned, "plan", "planner-1", "", 0),
        (judged, "validate", "judge-1", "", 0),
    ]
    ids: set[str] = set()
    for request, act, instance, step, attempt in calls:
        claims = await claims_of(house, getattr(request, "capability_token"))  # noqa: B009  # any request's
        assert (claims.acts, claims.audience) == ((act,), instance)
        assert (claims.task_id, claims.step_id, claims.attempt) == (task.task_id, step, attempt)
        assert claims.call == call_sha256(call_bytes(request))
        assert 0 < claims.expires_at - claims.issued_at <= 300
        ids.add(claims.token_id)
    claims = await claims_of(house, executed.capability_token)
    assert claims.bounds.max_tokens == executed.limits.max_tokens
    assert len(ids) == 3


async def test_a_direct_call_gets_a_token_for_exactly_its_request(house: House) -> None:
    request = arm_pb2.ExecuteRequest(step_id="s", attempt=1, capability="work", instruction="go")
    await Capabilities(channel=house.channel).issue(request, act="work", instance_id="worker-1")
    claims = await claims_of(house, request.capability_token)
    assert claims.call == call_sha256(call_bytes(request))
    assert (claims.audience, claims.acts, claims.task_id) == ("worker-1", ("work",), "")
    assert abs(claims.expires_at - claims.issued_at - 30) < 0.1


async def test_the_register_tells_which_instance_a_token_must_name(house: House) -> None:
    from octollm.orchestrator.v1 import arm_registry_pb2

    arm = (await house.arms.GetArm(arm_registry_pb2.GetArmRequest(arm_id="worker"))).arm
    assert arm.instance_id == "worker-1"


NOT_DIRECT: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "nobody there": ({"instance_id": "worker-9"}, NotFoundError),
    "a task": ({"task_id": "task_1"}, ValidationFailedError),
    "a step": ({"step_id": "s1"}, ValidationFailedError),
    "an attempt": ({"attempt": 1}, ValidationFailedError),
    "too long": ({"lifetime_seconds": 301}, ValidationFailedError),
    "no hash": ({"arguments_sha256": "AB" * 32}, ValidationFailedError),
}


async def test_what_is_no_direct_call_gets_no_token(house: House) -> None:
    for case, (more, error) in NOT_DIRECT.items():
        try:
            await issue(house, **more)
        except error:
            continue
        pytest.fail(f"{case}: a token was issued")


class Holders:
    """Tokens as a coder and others hold them while they work, signed with the house's own key."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def held(self, **changed: Any) -> str:
        url = self.house.settings.database_url.get_secret_value()
        async with open_pool(url, name="test") as pool:
            keys = SigningKeys(store=SigningKeyStore(pool=pool, rules=KeyRules()), clock=time.monotonic)
            await keys.look()
        given: dict[str, Any] = {
            "audience": "coder-1",
            "acts": ("code_generation",),
            "call": HASH,
            "task_id": "task_1",
            "step_id": "s1",
            "attempt": 2,
            "bounds": Bounds(max_tokens=100),
            **changed,
        }
        return Permits(keys=keys).sign(Permit(**given)).token


async def test_a_token_is_delegated_narrower(house: House) -> None:
    await house.register("executor", "code_execution")
    held = await Holders(house).held(running=20.0, seconds=20.0)
    request = executor_pb2.RunActionRequest(
        python=executor_pb2.PythonAction(source="print(1)"), timeout_seconds=5
    )
    capabilities = Capabilities(channel=house.channel)
    await capabilities.delegate(request, act="code_execution", instance_id="executor-1", held=held)
    outer, inner = await claims_of(house, held), await claims_of(house, request.capability_token)
    assert (inner.task_id, inner.step_id, inner.attempt) == ("task_1", "s1", 2)
    assert (inner.acts, inner.audience) == (("code_execution",), "executor-1")
    assert inner.parent == outer.token_id != inner.token_id
    assert inner.expires_at <= outer.until + 0.01
    assert inner.bounds.max_tokens == 100
    assert inner.call == call_sha256(call_bytes(request))


async def test_a_running_calls_token_is_delegated_after_it_could_begin_nothing(house: House) -> None:
    await house.register("executor", "code_execution")
    held = await Holders(house).held(seconds=0.05, running=100.0)
    await asyncio.sleep(0.1)
    assert await delegate(house, held, instance_id="executor-1", act="code_execution")


TOO_WIDE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "an act that does not follow": ({}, {"act": "http_request"}, "CAPABILITY_TOO_WIDE"),
    "the act that is held": ({}, {"act": "code_generation"}, "CAPABILITY_TOO_WIDE"),
    "by an act that leads to none": (
        {"acts": ("text_generation",)},
        {},
        "CAPABILITY_TOO_WIDE",
    ),
    "another task": ({}, {"task_id": "task_2"}, "CAPABILITY_TOO_WIDE"),
    "another step": ({}, {"step_id": "s2"}, "CAPABILITY_TOO_WIDE"),
    "another attempt": ({}, {"attempt": 3}, "CAPABILITY_TOO_WIDE"),
    "what was delegated itself": ({"parent": "abc"}, {}, "CAPABILITY_NOT_DELEGABLE"),
    "after the call's end": ({"seconds": -20.0, "running": -10.0}, {}, "CAPABILITY_EXPIRED"),
}


async def test_nothing_wider_than_what_is_held_is_delegated(house: House) -> None:
    await house.register("executor", "code_execution")
    holders = Holders(house)
    for case, (held, asked, reason) in TOO_WIDE.items():
        token = await holders.held(**held)
        with pytest.raises(PermissionDeniedError) as caught:
            await delegate(house, token, **{"instance_id": "executor-1", "act": "code_execution", **asked})
        assert caught.value.reason == reason, case


async def test_limits_are_only_ever_tightened(house: House) -> None:
    await house.register("executor", "code_execution")
    held = await Holders(house).held()
    for asked, got in ((50, 50), (500, 100)):
        limits = {"max_tokens": asked, "max_cost_micros": 7}
        token = await delegate(house, held, instance_id="executor-1", act="code_execution", limits=limits)
        assert (await claims_of(house, token)).bounds == Bounds(max_tokens=got, max_cost_micros=7)


async def test_keys_change_and_nothing_breaks(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    """A successor is published first, signs later, and the old key goes when its tokens are gone."""
    rules = {"life": 1.0, "announce": 0.5, "keep": 1.5, "look": 0.1}
    settings = settings_for(database_url, socket_dir, signing=rules)
    async with running_house(settings, surroundings) as house:
        first = await issue(house)
        seen: dict[str, float] = {}
        signed: list[str] = []

        async def changed_twice() -> bool:
            token = await issue(house)
            kid = key_id(token)
            if kid not in signed:
                signed.append(kid)
                assert kid in seen or len(signed) == 1, "a key signed before it was published"
            told = await house.capabilities.ListVerificationKeys(pb.ListVerificationKeysRequest())
            published = {jwk["kid"] for jwk in orjson.loads(told.jwks_json)["keys"]}
            for name in published:
                seen.setdefault(name, time.monotonic())
            assert await claims_of(house, token)
            return key_id(first) not in published and len(signed) >= 3

        await eventually(changed_twice, seconds=30)
        with pytest.raises(KeyError):
            await claims_of(house, first)


async def test_of_two_orchestrators_one_makes_the_key(database_url: str, socket_dir: Path) -> None:
    async with open_pool(database_url, name="test") as pool:
        from orchestrator.migrations import SCHEMA, all_migrations
        from servicekit.migrate import migrate

        await migrate(database_url, schema=SCHEMA, migrations=all_migrations())
        several = [
            SigningKeys(store=SigningKeyStore(pool=pool, rules=KeyRules()), clock=time.monotonic)
            for _ in range(4)
        ]
        await asyncio.gather(*(keys.look() for keys in several))
        assert len({keys.signing().kid for keys in several}) == 1
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM orchestrator.signing_keys").fetchone()
    assert row == (1,)


async def published(house: House) -> set[str]:
    told = await house.capabilities.ListVerificationKeys(pb.ListVerificationKeysRequest())
    return {jwk["kid"] for jwk in orjson.loads(told.jwks_json)["keys"]}


def seconds_of(moment: Any) -> float:
    return moment.ToNanoseconds() / 1e9


async def test_a_successor_made_on_request_signs_once_it_is_known_and_the_old_key_still_verifies(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    settings = settings_for(database_url, socket_dir, signing={"announce": 0.5, "look": 0.1})
    async with running_house(settings, surroundings) as house:
        old = await issue(house)
        made = await house.capabilities.RotateSigningKey(pb.RotateSigningKeyRequest())
        assert await published(house) == {key_id(old), made.key_id}
        assert key_id(await issue(house)) == key_id(old)
        assert abs(seconds_of(made.signs_from) - time.time() - 0.5) < 0.4
        assert seconds_of(made.older_until) > time.time() + 3600

        async def signs() -> bool:
            return key_id(await issue(house)) == made.key_id

        await eventually(signs, seconds=5)
        assert await claims_of(house, old)


async def test_older_keys_are_dropped_at_once_after_a_leak(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    settings = settings_for(database_url, socket_dir, signing={"look": 0.1})
    async with running_house(settings, surroundings) as house:
        await house.register("executor", "code_execution")
        held = await Holders(house).held()
        assert await delegate(house, held, instance_id="executor-1", act="code_execution")
        made = await house.capabilities.RotateSigningKey(pb.RotateSigningKeyRequest(drop_older=True))
        assert not made.HasField("older_until")
        assert await published(house) == {made.key_id} == {key_id(await issue(house))}
        with pytest.raises(PermissionDeniedError) as caught:
            await delegate(house, held, instance_id="executor-1", act="code_execution")
        assert caught.value.reason == "CAPABILITY_KEY_UNKNOWN"
        assert (await house.run()).status == tasks_pb2.TASK_STATUS_COMPLETED
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT action, object, reason FROM identity.audit WHERE outcome = 'allowed'"
        ).fetchall()
    assert rows == [("signing_key.rotate", made.key_id, "OLDER_DROPPED")]


async def test_only_the_operator_changes_the_key(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    secret = "k" * 32
    settings = settings_for(
        database_url, socket_dir, auth="required", internal_key=SecretStr(secret), signing={"look": 0.1}
    )

    async def rotate(caller: str, role: str) -> pb.RotateSigningKeyResponse:
        set_principal(Principal(tenant="acme", subject="root", roles=(role,)))
        tokens = InternalTokens(key=secret.encode(), caller=caller)
        async with open_channel(f"unix:{socket_dir}/orchestrator.sock", timeout=10, tokens=tokens) as channel:
            stub = capability_pb2_grpc.CapabilityServiceStub(channel)
            return await stub.RotateSigningKey(pb.RotateSigningKeyRequest())

    async with build(settings):
        for caller, role, reason in (
            ("gateway", "admin", "CALLER_NOT_ALLOWED"),
            ("arms", "admin", "CALLER_NOT_ALLOWED"),
            ("cli", "developer", "SCOPE_MISSING"),
        ):
            with pytest.raises(PermissionDeniedError) as caught:
                await rotate(caller, role)
            assert caught.value.reason == reason, (caller, role)
        assert (await rotate("cli", "admin")).key_id
