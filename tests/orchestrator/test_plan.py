"""Plans: what is refused, what is ready, what is last, what repairs."""

from dataclasses import replace

import pytest

from orchestrator.model.output import Citation
from orchestrator.model.step import PlannedStep, Step, StepResult, StepState
from orchestrator.plan import (
    check_plan,
    competing,
    in_order,
    last_steps,
    proposal_of,
    ready,
    repair_steps,
    rivals_of,
)
from orchestrator.validation import Candidate, candidates
from servicekit.errors import ValidationFailedError


def step(step_id: str, *depends_on: str, capability: str = "work") -> PlannedStep:
    return PlannedStep(
        step_id=step_id, name=step_id, capability=capability, instruction="do", depends_on=depends_on
    )


def done(plan: PlannedStep, position: int, *, round_number: int = 0, output: str = "out") -> Step:
    return Step(
        plan=plan,
        position=position,
        round=round_number,
        state=StepState.COMPLETED,
        result=StepResult(output=output),
    )


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([], "0 steps"),
        ([step(f"s{n}") for n in range(21)], "21 steps"),
        ([step("a"), step("a")], "same id"),
        ([step("a.1")], "lower-case word"),
        ([step("a~2")], "lower-case word"),
        ([step("a\x00")], "lower-case word"),
        ([step("")], "lower-case word"),
        ([step("a", capability="fly")], "not offered"),
        ([step("a", capability="validate")], "not offered"),
        ([step("a", "b")], "not in the plan"),
        ([step("a", "a")], "circle"),
        ([step("a", "c"), step("b", "a"), step("c", "b")], "circle"),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused(steps: list[PlannedStep], says: str) -> None:
    with pytest.raises(ValidationFailedError, match=says) as caught:
        check_plan(steps, capabilities={"work", "validate"}, max_steps=20)
    assert caught.value.reason == "PLAN_INVALID"


def test_steps_are_put_after_what_they_need() -> None:
    ordered = in_order([step("c", "b"), step("b", "a"), step("a")])
    assert [s.step_id for s in ordered] == ["a", "b", "c"]


def test_ready_are_those_whose_needs_are_done() -> None:
    steps = {
        "a": done(step("a"), 0),
        "b": Step(plan=step("b", "a"), position=1),
        "c": Step(plan=step("c", "a", "b"), position=2),
        "d": Step(plan=step("d"), position=3, state=StepState.RUNNING),
    }
    assert [s.step_id for s in ready(steps)] == ["b"]


def test_last_are_the_ends_of_the_newest_round() -> None:
    first = [done(step("a"), 0), done(step("b", "a"), 1), done(step("c", "a"), 2)]
    assert [s.step_id for s in last_steps(first)] == ["b", "c"]
    repaired = [*first, done(step("b.1", "a", "b"), 3, round_number=1)]
    assert [s.step_id for s in last_steps(repaired)] == ["b.1"]


def test_a_repair_sees_the_newest_version_and_the_original_inputs() -> None:
    end = done(step("write", "read"), 1)
    (first,) = repair_steps([end], feedback="too long", round_number=1)
    assert (first.step_id, first.depends_on, first.feedback) == ("write.1", ("read", "write"), "too long")
    (second,) = repair_steps([done(first, 2, round_number=1)], feedback="now too short", round_number=2)
    assert (second.step_id, second.depends_on) == ("write.2", ("read", "write.1"))


def test_only_ends_compete() -> None:
    many = competing([step("read"), step("write", "read")], proposals=3)
    assert [s.step_id for s in many] == ["read", "write", "write~2", "write~3"]
    assert [proposal_of(s.step_id) for s in many] == [1, 1, 2, 3]
    assert proposal_of("write~2.1") == 2
    ids = [s.step_id for s in many]
    assert rivals_of("write", ids) == {"write~2", "write~3"}
    assert rivals_of("write~2", ids) == {"write", "write~3"}
    assert rivals_of("read", ids) == set()
    assert rivals_of("write.1", [*ids, "write.1"]) == set()


def test_what_cites_nothing_stands_on_what_it_was_made_from() -> None:
    one, other = Citation(document_id="one"), Citation(document_id="other")
    search = replace(done(step("search"), 0), result=StepResult(output="p", citations=(one, other)))
    think = done(step("think", "search"), 1)
    write = done(step("write", "think", "search"), 2)
    steps = {made.step_id: made for made in (search, think, write)}
    assert Candidate(ends=(write,), steps=steps).citations == (one, other)
    own = replace(write, result=StepResult(output="w", citations=(other,)))
    assert Candidate(ends=(own,), steps=steps).citations == (other,)
    assert Candidate(ends=(think,)).citations == ()


def test_candidates_are_complete_or_put_together() -> None:
    plan = competing([step("a"), step("b")], proposals=2)
    steps = {planned.step_id: done(planned, place) for place, planned in enumerate(plan)}

    def ends(*lost: str) -> list[list[str]]:
        left = [made for name, made in steps.items() if name not in lost]
        return [[end.step_id for end in candidate.ends] for candidate in candidates(left)]

    assert ends() == [["a", "b"], ["a~2", "b~2"]]
    assert ends("a~2") == [["a", "b"]]
    assert ends("a", "b~2") == [["b", "a~2"]]
