"""Plans, directed acyclic graphs of steps: checks one, tells what is ready, what is last, what repairs it."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from orchestrator.model.step import PlannedStep, Step, StepState
from servicekit.errors import ValidationFailedError

MAX_STEPS = 20
"""Steps that a plan may have."""

_STEP_ID = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
"""A planner's ids; those of proposals and repair rounds have marks that no planner can write."""

NOT_FOR_PLANS = frozenset({"plan", "validate", "review", "screen"})
"""Capabilities that the orchestrator calls by itself; a plan may not use them."""


def check_plan(steps: Sequence[PlannedStep], *, capabilities: Collection[str], max_steps: int) -> None:
    """Hold a plan against the rules, before any row is written.

    Args:
        steps: the plan.
        capabilities: what the plan may use.
        max_steps: how many steps it may have.

    Raises:
        ValidationFailedError: naming the first rule that is broken; `reason` is PLAN_INVALID.
    """
    if not 1 <= len(steps) <= min(max_steps, MAX_STEPS):
        raise _invalid(f"the plan has {len(steps)} steps, not 1 to {min(max_steps, MAX_STEPS)}")
    known = {step.step_id for step in steps}
    if len(known) != len(steps):
        raise _invalid("two steps of the plan have the same id")
    for step in steps:
        if not _STEP_ID.fullmatch(step.step_id):
            raise _invalid("the id of a step is not a lower-case word of at most 32 characters")
        if step.capability not in capabilities or step.capability in NOT_FOR_PLANS:
            raise _invalid(
                f"step {step.step_id} needs the capability {step.capability}, which is not offered"
            )
        unknown = [name for name in step.depends_on if name not in known]
        if unknown:
            raise _invalid(f"step {step.step_id} depends on {unknown[0]}, which is not in the plan")
    in_order(steps)


def in_order(steps: Sequence[PlannedStep]) -> list[PlannedStep]:
    """The steps, each after those it depends on, otherwise as they came.

    Raises:
        ValidationFailedError: the dependencies form a circle.
    """
    waiting, done, ordered = list(steps), set[str](), list[PlannedStep]()
    while waiting:
        free = [step for step in waiting if done.issuperset(step.depends_on)]
        if not free:
            raise _invalid(
                f"the steps {', '.join(s.step_id for s in waiting)} depend on each other in a circle"
            )
        ordered += free
        done.update(step.step_id for step in free)
        waiting = [step for step in waiting if step.step_id not in done]
    return ordered


def ready(steps: Mapping[str, Step]) -> list[Step]:
    """The pending steps whose dependencies are all completed, in the order of the plan."""
    return [
        step
        for step in sorted(steps.values(), key=lambda step: step.position)
        if step.state is StepState.PENDING
        and all(steps[name].state is StepState.COMPLETED for name in step.plan.depends_on)
    ]


def last_steps(steps: Collection[Step]) -> list[Step]:
    """The completed steps of the newest round that no other step of it needs: they make the result."""
    newest = max((step.round for step in steps), default=0)
    current = [step for step in steps if step.round == newest and step.state is StepState.COMPLETED]
    needed = {name for step in current for name in step.plan.depends_on}
    ends = [step for step in current if step.step_id not in needed]
    return sorted(ends, key=lambda step: step.position)


def repair_steps(ends: Sequence[Step], *, feedback: str, round_number: int) -> list[PlannedStep]:
    """The steps of a repair round: each end step once more, told what was wrong and what it made before.

    Args:
        ends: the steps whose outputs were judged.
        feedback: what the judge found wrong.
        round_number: the repair round, from 1.
    """
    return [
        replace(
            step.plan,
            step_id=_repair_id(step.step_id, round_number),
            depends_on=(*(name for name in step.plan.depends_on if name not in _earlier(step)), step.step_id),
            feedback=feedback,
        )
        for step in ends
    ]


def competing(steps: Sequence[PlannedStep], *, proposals: int) -> list[PlannedStep]:
    """The plan with every end step multiplied, so that proposals compete: ``write``, ``write~2`` ..."""
    needed = {name for step in steps for name in step.depends_on}
    copies = [
        replace(step, step_id=f"{step.step_id}~{number}")
        for number in range(2, proposals + 1)
        for step in steps
        if step.step_id not in needed
    ]
    return [*steps, *copies]


def proposal_of(step_id: str) -> int:
    """Which proposal an end step belongs to, from 1."""
    number = step_id.partition(".")[0].partition("~")[2]
    return int(number) if number else 1


def part_of(step_id: str) -> str:
    """Which part of the result an end step makes, whatever its proposal and its round."""
    return step_id.partition(".")[0].partition("~")[0]


def rivals_of(step_id: str, steps: Collection[str]) -> set[str]:
    """The steps that compete with a step for the same place in the result; none for any other step."""
    part, round_number = part_of(step_id), step_id.partition(".")[2]
    return {
        other
        for other in steps
        if other != step_id and part_of(other) == part and other.partition(".")[2] == round_number
    }


def _repair_id(step_id: str, round_number: int) -> str:
    """``write`` becomes ``write.1``, that becomes ``write.2``; a planner's ids have no dot."""
    return f"{step_id.partition('.')[0]}.{round_number}"


def _earlier(step: Step) -> set[str]:
    """The versions of the same step that came before: the newest output is enough."""
    stem = step.step_id.partition(".")[0]
    return {name for name in step.plan.depends_on if name.partition(".")[0] == stem}


def _invalid(message: str) -> ValidationFailedError:
    return ValidationFailedError(message, reason="PLAN_INVALID")
