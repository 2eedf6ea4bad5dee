"""Makes the plan: the planner arm proposes, the orchestrator checks, then the steps become rows."""

import asyncio

from orchestrator import writes
from orchestrator.calls import PLAN, Offer
from orchestrator.failures import TaskFailedError
from orchestrator.model.arm import ArmInstance
from orchestrator.model.step import Plan, PlannedStep
from orchestrator.model.task import ErrorType, Priority, TaskError
from orchestrator.plan import MAX_STEPS, check_plan, competing, in_order
from orchestrator.tools import Tools, call_needed
from orchestrator.work import Work
from orchestrator.write import Charge
from servicekit.errors import ValidationFailedError
from servicekit.spans import spanned

_TRIES = 2
"""A planner that is told what was wrong gets a second chance."""

_NOTHING_OFFERED = 0.1
"""Seconds between looks while no arm works."""


async def make_plan(work: Work, tools: Tools) -> None:
    """Plan the task, and post its steps: they are written with the start of the first.

    Raises:
        TaskFailedError: no valid plan could be made.
    """
    with spanned("plan"):
        await _make_plan(work, tools)


async def _make_plan(work: Work, tools: Tools) -> None:
    charges: list[Charge] = []
    feedback = ""
    for number in range(_TRIES):
        offers = await _offers(work, tools)
        plan = await _proposed(work, tools, offers=offers, feedback=feedback)
        charges.append(Charge(key=f"plan:{number}", provenance=plan.provenance))
        try:
            check_plan(plan.steps, capabilities={offer.name for offer in offers}, max_steps=MAX_STEPS)
        except ValidationFailedError as error:
            feedback = error.message
            continue
        _write(work, tools, plan, charges)
        return
    error = TaskError(type=ErrorType.PLAN_INVALID, message=f"no valid plan: {feedback}")
    raise TaskFailedError(error, charges=charges)


def _write(work: Work, tools: Tools, plan: Plan, charges: list[Charge]) -> None:
    steps = _multiplied(work, tools, in_order(plan.steps))
    work.post(writes.planned(plan, steps, charges=charges))
    work.add(steps, round_number=0)


def _multiplied(work: Work, tools: Tools, steps: list[PlannedStep]) -> list[PlannedStep]:
    """The plan with competing proposals, where the task asks for them or is critical."""
    default = tools.limits.critical_swarm if work.spec.priority is Priority.CRITICAL else 1
    proposals = work.spec.policy.swarm or default
    many = competing(steps, proposals=proposals)
    return many if len(many) <= MAX_STEPS else steps


async def _offers(work: Work, tools: Tools) -> list[Offer]:
    """What the plan may use; waits while no arm works at all."""
    while not (offers := tools.router.offers()):
        work.waiting_for = "any"
        await asyncio.sleep(_NOTHING_OFFERED)
    work.waiting_for = ""
    return offers


async def _proposed(work: Work, tools: Tools, *, offers: list[Offer], feedback: str) -> Plan:
    bounds = work.account.reserve(shares=3)  # the work and the judge need their parts

    async def ask(instance: ArmInstance) -> Plan:
        return await tools.calls.plan(
            instance,
            brief=work.brief,
            offers=offers,
            max_steps=MAX_STEPS,
            feedback=feedback,
            bounds=bounds,
        )

    try:
        plan = await call_needed(work, tools, PLAN, ask)
    except BaseException:
        work.account.release(bounds)
        raise
    work.account.settle(bounds, plan.provenance.usage)
    return plan
