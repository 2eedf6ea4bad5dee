"""The verifier of capability tokens, case by case, with clocks that the test sets."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from octollm.arms.v1 import arm_pb2, execution_pb2

from arms.model.usage import CallLimits
from arms.permission.audit import Refusal
from arms.permission.keys import KeyRing
from arms.permission.tokens import TokenVerifier
from arms.permission.used import UsedTokens
from arms.permission.verifier import Instance, Permission
from servicekit.capability.call import call_bytes
from servicekit.capability.claims import Bounds
from servicekit.capability.token import new_key
from servicekit.errors import OctoError, PermissionDeniedError, UnavailableError
from servicekit.metrics import Metrics
from tests.support.issuer import Issuer

REQUEST = arm_pb2.ExecuteRequest(
    task=execution_pb2.TaskBrief(task_id="task_1"), step_id="s1", attempt=1, capability="shout"
)


class Book:
    """Keeps what is audited."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def refused(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)

    async def follow(self) -> None:
        pass


class House:
    """A verifier, its issuer, and its clocks."""

    def __init__(self, *, wall_ahead: float = 0.0, most: int = 100, age: float = 0.0) -> None:
        self.issuer, self.book, self.metrics = Issuer(), Book(), Metrics()
        self.monotonic = 1000.0
        self.keys = KeyRing(source=self.issuer, clock=lambda: self.monotonic)
        self.verifier = TokenVerifier(
            instance=Instance(arm_id="shout", instance_id="shout-1", metrics=self.metrics),
            keys=self.keys,
            audit=self.book,
            wall=lambda: time.time() + wall_ahead,
            used=UsedTokens(most=most),
        )
        self.monotonic += age

    def token(self, **changed: Any) -> str:
        changed = {"task_id": "task_1", **changed}
        return self.issuer.sign(self.issuer.claims(REQUEST, instance_id="shout-1", act="shout", **changed))

    async def verify(self, token: str, **changed: Any) -> Permission:
        asked: dict[str, Any] = {"act": "shout", "call": call_bytes(REQUEST), "task_id": "task_1", **changed}
        return await self.verifier.verify(token=token, **asked)

    async def refusal(self, token: str, **changed: Any) -> str:
        """The reason for which it is refused."""
        with pytest.raises(PermissionDeniedError) as caught:
            await self.verify(token, **changed)
        refusal = self.book.refusals[-1]
        assert (refusal.reason, refusal.message) == (caught.value.reason, caught.value.message)
        count = f'octollm_capability_refusals_total{{reason="{refusal.reason}"}} '
        assert count in self.metrics.text()
        return refusal.reason


async def test_a_good_token_opens_one_call() -> None:
    house = House()
    token = house.token(bounds=Bounds(max_tokens=7))
    permission = await house.verify(token)
    assert permission == Permission(token=token, limits=CallLimits(max_tokens=7))
    assert await house.refusal(token) == "CAPABILITY_USED"
    await house.verify(house.token())


CASES: dict[str, tuple[Callable[[float], dict[str, Any]], dict[str, Any], str]] = {
    "another arm": (lambda _: {"audience": "shout-2"}, {}, "CAPABILITY_WRONG_ARM"),
    "another act": (lambda _: {"acts": ("wait",)}, {}, "CAPABILITY_WRONG_ACT"),
    "no act": (lambda _: {"acts": ()}, {}, "CAPABILITY_INVALID"),
    "another task": (lambda _: {}, {"task_id": "task_2"}, "CAPABILITY_WRONG_TASK"),
    "changed arguments": (lambda _: {}, {"call": call_bytes(REQUEST) + b"x"}, "CAPABILITY_WRONG_CALL"),
    "expired": (
        lambda now: {"issued_at": now - 90, "expires_at": now - 11},
        {},
        "CAPABILITY_EXPIRED",
    ),
    "not yet valid": (
        lambda now: {"issued_at": now + 120, "expires_at": now + 180},
        {},
        "CAPABILITY_NOT_YET",
    ),
    "issued before the start": (lambda now: {"issued_at": now - 601.5}, {}, "CAPABILITY_BEFORE_START"),
    "good for too long": (lambda now: {"expires_at": now + 4000}, {}, "CAPABILITY_INVALID"),
}


@pytest.mark.parametrize(("signed", "asked", "reason"), CASES.values(), ids=CASES)
async def test_what_a_token_does_not_say_is_refused(
    signed: Callable[[float], dict[str, Any]], asked: dict[str, Any], reason: str
) -> None:
    house = House(age=600)
    assert await house.refusal(house.token(**signed(time.time())), **asked) == reason
    await house.verify(house.token())  # what is wrong with one token spoils no other


async def test_no_token_is_no_permission() -> None:
    assert await House().refusal("") == "CAPABILITY_MISSING"


@pytest.mark.parametrize("ahead", [3600.0, -3600.0, 12.0])
async def test_a_clock_that_is_off_is_named(ahead: float) -> None:
    house = House(wall_ahead=ahead)
    assert await house.refusal(house.token()) == "CAPABILITY_CLOCK_OFF"
    word = "ahead of" if ahead > 0 else "behind"
    assert f"{abs(ahead):.0f} s {word} the database's" in house.book.refusals[-1].message


async def test_a_clock_that_was_set_right_is_believed_after_a_look() -> None:
    house = House()
    await house.verify(house.token())
    house.monotonic += 3600.0  # as when the machine was asleep: our idea of the database's time is wrong
    permission = await house.verify(house.token())
    assert permission.token
    assert house.issuer.fetches == 2


async def test_a_new_key_is_fetched_and_an_invented_one_is_not_fetched_again_and_again() -> None:
    house = House()
    await house.verify(house.token())
    old = house.token()
    house.issuer.published = {house.issuer.kid: house.issuer.key}
    house.issuer.kid, house.issuer.key = "k2", new_key()
    house.monotonic += 3.0
    await house.verify(house.token())
    await house.verify(old)
    assert house.issuer.fetches == 2
    forged = Issuer(kid="k3")
    claims = forged.claims(REQUEST, instance_id="shout-1", act="shout", task_id="task_1")
    for _ in range(20):
        assert await house.refusal(forged.sign(claims)) == "CAPABILITY_KEY_UNKNOWN"
    assert house.issuer.fetches == 2
    house.monotonic += 3.0
    assert await house.refusal(forged.sign(claims)) == "CAPABILITY_KEY_UNKNOWN"
    assert house.issuer.fetches == 3


async def test_without_keys_nothing_is_permitted_and_a_later_try_may_be() -> None:
    house = House()
    house.issuer.error = UnavailableError("down")
    token = house.token()
    with pytest.raises(UnavailableError, match="cannot be had"):
        await house.verify(token)
    house.issuer.error = None
    await house.verify(token)


async def test_the_memory_of_used_tokens_is_bounded_and_fails_closed() -> None:
    house = House(most=3)
    for _ in range(3):
        await house.verify(house.token())
    with pytest.raises(UnavailableError, match="remember"):
        await house.verify(house.token())


def test_used_tokens_are_forgotten_when_they_have_expired() -> None:
    used = UsedTokens(most=2)
    assert used.take("a", expires_at=10, now=0)
    assert used.take("b", expires_at=20, now=0)
    assert used.full
    assert not used.take("a", expires_at=10, now=9)
    used.forget(now=10)
    assert not used.full
    assert not used.take("b", expires_at=20, now=10)


async def test_of_two_that_show_a_token_at_once_one_gets_in() -> None:
    house = House()
    token = house.token()
    results = await asyncio.gather(*(house.verify(token) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(result, Permission) for result in results) == 1
    assert sum(isinstance(result, OctoError) for result in results) == 19
