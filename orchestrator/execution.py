"""Runs the steps of a plan: what is ready at once, bounded, each by one arm, with bounded retries."""

import asyncio
import contextlib
import time
from dataclasses import replace

from orchestrator import writes
from orchestrator.budget import BudgetExceededError, Reservation
from orchestrator.calls import StepInput
from orchestrator.failures import TaskFailedError, is_transient, step_failure
from orchestrator.model.arm import ArmInstance
from orchestrator.model.step import Step, StepResult, StepState
from orchestrator.pace import Pace
from orchestrator.plan import ready, rivals_of
from orchestrator.retry import MAX_RETRIES, pause
from orchestrator.rows import clean
from orchestrator.tools import Tools
from orchestrator.work import Work
from servicekit.errors import InternalError, OctoError, PayloadTooLargeError
from servicekit.spans import spanned, tell


async def run_steps(work: Work, tools: Tools) -> None:
    """Run every step that can run; all are done when it returns.

    Raises:
        TaskFailedError: a step failed for good; the others are stopped.
        BudgetExceededError: the next step would overstep the budget.
    """
    running: dict[asyncio.Task[None], str] = {}
    try:
        while True:
            running |= _start_ready(work, tools, places=tools.limits.parallel_steps - len(running))
            await asyncio.sleep(0)  # the steps that start now write with those that are done: one commit
            await work.flush()
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for finished in done:
                _settle(work, finished, step_id=running.pop(finished))
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _settle(work: Work, finished: asyncio.Task[None], *, step_id: str) -> None:
    """Take note of a step that ended; a proposal may fail while others of its kind are left."""
    try:
        finished.result()
    except TaskFailedError:
        rivals = [step for step in work.steps.values() if step.step_id in rivals_of(step_id, work.steps)]
        if all(step.state is StepState.FAILED for step in rivals):
            raise


def _start_ready(work: Work, tools: Tools, *, places: int) -> dict[asyncio.Task[None], str]:
    """Start ready steps, as many as there are places and budget for."""
    started: dict[asyncio.Task[None], str] = {}
    unfinished = sum(step.state in {StepState.PENDING, StepState.RUNNING} for step in work.steps.values())
    for step in ready(work.steps)[:places]:
        try:
            bounds = work.account.reserve(estimated_tokens=step.plan.estimated_tokens, shares=unfinished + 1)
        except BudgetExceededError:
            if work.account.reserved:
                break  # what is set aside may come back
            raise
        work.steps[step.step_id] = replace(step, state=StepState.RUNNING)
        task = asyncio.create_task(_run_step(work, tools, step.step_id, bounds))
        started[task] = step.step_id
    return started


async def _run_step(work: Work, tools: Tools, step_id: str, bounds: Reservation) -> None:
    """Run one step to its end, with retries."""
    told = {"octollm.step_id": step_id, "octollm.capability": work.steps[step_id].plan.capability}
    with spanned("step", attributes=told):
        await _run_to_end(work, tools, step_id, bounds)


async def _run_to_end(work: Work, tools: Tools, step_id: str, bounds: Reservation) -> None:
    try:
        result = await _try_step(work, tools, step_id, bounds, last=False)
        retries = 0
        while result is None:
            retries += 1
            result = await _try_step(work, tools, step_id, bounds, last=retries == MAX_RETRIES)
    except BaseException:
        work.account.release(bounds)
        raise
    work.account.settle(bounds, result.provenance.usage)


async def _try_step(
    work: Work, tools: Tools, step_id: str, bounds: Reservation, *, last: bool
) -> StepResult | None:
    """One try: the recorded result, or None after a failure that is worth another try.

    Raises:
        TaskFailedError: it failed for good.
    """
    step = replace(work.steps[step_id], state=StepState.PENDING)
    arm_id = ""
    try:
        async with tools.router.slot(step.plan.capability, patience=tools.limits.arm_patience) as instance:
            arm_id = instance.description.arm_id
            tools.retries.earn()
            await work.write(writes.started(step, arm_id=arm_id))
            step = replace(step, state=StepState.RUNNING, attempts=step.attempts + 1, arm_id=arm_id)
            work.steps[step_id] = step
            tell("octollm.arm_id", arm_id)
            tell("octollm.step_attempt", step.attempts)
            result = await _called(work, tools, instance, step, bounds)
    except OctoError as error:
        if is_transient(error) and arm_id and not last and tools.retries.take():
            tools.meters.step("retried")
            await _pause(work, tools, step, error)
            return None
        tools.meters.step("failed")
        await _fail(work, step, error)
        raise step_failure(error, step_id=step_id, arm_id=arm_id) from error
    work.post(writes.completed(step, result))
    tools.meters.step("completed")
    work.steps[step_id] = replace(step, state=StepState.COMPLETED, result=result)
    return result


async def _called(
    work: Work, tools: Tools, instance: ArmInstance, step: Step, bounds: Reservation
) -> StepResult:
    """The arm's result; its progress is stored now and then."""
    events = tools.calls.execute(
        instance,
        brief=work.brief,
        step=step,
        inputs=_inputs(work, step),
        bounds=bounds,
        seconds=tools.limits.step_seconds,
    )
    pace = Pace(seconds=tools.limits.progress_seconds, clock=time.monotonic)
    async with contextlib.aclosing(events) as stream:
        async for event in stream:
            if isinstance(event, StepResult):
                return _checked(event, tools, instance)
            if pace.allows(event):
                await work.write(writes.progressed(step, message=event.message, fraction=event.fraction))
    raise InternalError("the arm's stream ended without a result")


def _checked(result: StepResult, tools: Tools, instance: ArmInstance) -> StepResult:
    """The result, if it is one that can be stored; who did it is known better than the arm tells."""
    if len(result.output.encode()) > tools.limits.output_bytes:
        raise PayloadTooLargeError(f"the output is larger than {tools.limits.output_bytes} bytes")
    used = replace(result.provenance, arm_id=instance.description.arm_id, instance_id=instance.instance_id)
    return replace(result, output=clean(result.output), provenance=used)


async def _pause(work: Work, tools: Tools, step: Step, error: OctoError) -> None:
    wait = pause(step.attempts, random=tools.random, at_least=error.retry_after)
    await work.write(writes.retried(step, error=error.message, after=wait))
    await asyncio.sleep(wait)


async def _fail(work: Work, step: Step, error: OctoError) -> None:
    await work.write(writes.failed_step(step, error=error.message))
    work.steps[step.step_id] = replace(step, state=StepState.FAILED)


def _inputs(work: Work, step: Step) -> list[StepInput]:
    return [
        StepInput(step_id=name, name=work.steps[name].plan.name, output=work.steps[name].output)
        for name in step.plan.depends_on
    ]
