"""Routing: who is chosen, what a breaker stops, how retries are spread and bounded."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.breaker import Breaker
from orchestrator.calls import StepProgress
from orchestrator.model.arm import ArmDescription, ArmInstance, ArmStatus, Capability
from orchestrator.pace import Pace
from orchestrator.register import by_kind
from orchestrator.retry import RetryBudget, pause
from orchestrator.routing import choose, is_starting

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def instance(
    name: str,
    *,
    arm: str = "worker",
    status: ArmStatus = ArmStatus.HEALTHY,
    tier: int = 1,
    running: int = 0,
    seen: int = 0,
) -> ArmInstance:
    return ArmInstance(
        instance_id=name,
        description=ArmDescription(
            arm_id=arm,
            name=arm,
            capabilities=(Capability(name="work"),),
            cost_tier=tier,
            endpoint="unix:x",
            max_concurrency=4,
        ),
        status=status,
        status_detail="",
        running=running,
        registered_at=NOW,
        last_seen_at=NOW - timedelta(seconds=seen),
    )


@pytest.mark.parametrize(
    ("instances", "here", "chosen"),
    [
        ([instance("a", status=ArmStatus.DEGRADED), instance("b", tier=5)], {}, "b"),
        ([instance("a", tier=2), instance("b", tier=1, running=3)], {}, "b"),
        ([instance("a", running=3), instance("b", running=1)], {}, "b"),
        ([instance("a"), instance("b")], {"a": 2}, "b"),
    ],
)
def test_health_before_cost_before_load(
    instances: list[ArmInstance], here: dict[str, int], chosen: str
) -> None:
    assert choose(instances, running=here, random=lambda: 0.5).instance_id == chosen


@pytest.mark.parametrize(("silent", "starting"), [(False, True), (True, False)])
def test_an_arm_that_came_just_now_may_be_loading_but_not_when_it_fell_silent(
    silent: bool, starting: bool
) -> None:
    lately = replace(instance("a", status=ArmStatus.UNAVAILABLE), silent=silent)
    assert is_starting(lately) is starting


def test_the_best_instance_speaks_for_its_kind() -> None:
    arms = by_kind(
        [
            instance("b1", arm="b"),
            instance("a1", arm="a", status=ArmStatus.UNAVAILABLE),
            instance("a2", arm="a", status=ArmStatus.DEGRADED, seen=5),
            instance("a3", arm="a", status=ArmStatus.DEGRADED),
        ]
    )
    assert list(arms) == ["a", "b"]
    assert (arms["a"].best.instance_id, arms["a"].alive) == ("a3", 2)


def test_a_breaker_opens_probes_and_closes() -> None:
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0], failures=3, pause=5.0)
    for _ in range(3):
        assert breaker.allows
        breaker.begin()
        breaker.fail()
    assert not breaker.allows
    now[0] = 5.0
    assert breaker.allows
    breaker.begin()
    assert not breaker.allows, "one probe at a time"
    breaker.fail()
    assert not breaker.allows, "a failed probe opens it anew"
    now[0] = 10.0
    breaker.begin()
    breaker.succeed()
    assert breaker.allows
    assert not breaker.suspected


def test_a_probe_that_was_given_up_does_not_lock_the_breaker() -> None:
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0], failures=1, pause=1.0)
    breaker.begin()
    breaker.fail()
    now[0] = 1.0
    breaker.begin()
    breaker.abandon()
    assert breaker.allows


def test_retries_are_a_share_of_calls() -> None:
    budget = RetryBudget(share=0.5, reserve=2.0)
    assert [budget.take() for _ in range(3)] == [True, True, False]
    budget.earn()
    assert not budget.take()
    budget.earn()
    assert budget.take()


def test_pauses_grow_within_bounds_and_respect_what_is_asked() -> None:
    longest = [pause(n, random=lambda: 1.0) for n in range(1, 6)]
    assert longest == [0.5, 2.0, 8.0, 8.0, 8.0]
    assert pause(1, random=lambda: 0.0) == 0.25
    assert pause(1, random=lambda: 0.0, at_least=2.0) == 2.0


def test_progress_is_thinned_out_and_repetition_more_so() -> None:
    now = [0.0]
    pace = Pace(seconds=0.5, clock=lambda: now[0])
    told = [(0.1, "a"), (0.6, "a"), (0.7, "b"), (1.2, "a"), (1.8, "b"), (3.0, "b"), (6.9, "b")]
    let_through: list[float] = []
    for at, message in told:
        now[0] = at
        if pace.allows(StepProgress(message=message)):
            let_through.append(at)
    assert let_through == [0.6, 1.8, 6.9]
