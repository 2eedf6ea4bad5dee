"""What driving a task needs beside the task: arms, limits, chance."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.calls import ArmCalls
from orchestrator.failures import is_transient
from orchestrator.fingerprint import Fingerprints
from orchestrator.limits import DriveLimits
from orchestrator.meters import Meters
from orchestrator.model.arm import ArmInstance
from orchestrator.result_cache import ResultCache
from orchestrator.retry import RetryBudget, pause
from orchestrator.routing import NoArmError, Router
from orchestrator.work import Work
from servicekit.errors import OctoError

_MOST_PATIENCE = 2.0
"""Seconds between tries of an arm that every task needs."""

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What the driving functions share."""

    calls: ArmCalls
    router: Router
    retries: RetryBudget
    limits: DriveLimits
    meters: Meters
    fingerprints: Fingerprints
    results: ResultCache
    random: Callable[[], float]


async def call_needed(
    work: Work, tools: Tools, capability: str, call: Callable[[ArmInstance], Awaitable[Result]]
) -> Result:
    """Call an arm that no task can do without; while it is away the task waits, up to its deadline.

    Right after a start arms still register and models still load: that is no reason to fail.

    Raises:
        OctoError: what the arm raised, unless trying again may help.
    """
    tries = 0
    while True:
        work.waiting_for = "" if tools.router.has(capability) else capability
        try:
            async with tools.router.slot(capability, patience=_MOST_PATIENCE) as instance:
                work.waiting_for = ""
                result = await call(instance)
        except OctoError as error:
            if not is_transient(error):
                raise
            tries += not isinstance(error, NoArmError)  # that one has waited already
            wait = pause(
                tries, random=tools.random, base=0.1, most=_MOST_PATIENCE, at_least=error.retry_after
            )
            await asyncio.sleep(wait)
        else:
            return result
