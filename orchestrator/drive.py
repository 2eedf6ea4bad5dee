"""Drives one leased task to its one end: screen, plan, execute, validate, repair, conclude."""

import asyncio
import logging
import time

from orchestrator import writes
from orchestrator.budget import BudgetExceededError
from orchestrator.execution import run_steps
from orchestrator.failures import LeaseLostError, TaskFailedError, error_type
from orchestrator.model.task import ErrorType, Status, TaskError, TaskResult
from orchestrator.planning import make_plan
from orchestrator.rows import Judged
from orchestrator.screening import screen
from orchestrator.synthesis import conclude, reviewed
from orchestrator.tools import Tools
from orchestrator.validation import begin_repair, validate
from orchestrator.work import Work
from orchestrator.write import Charge
from servicekit.context import set_deadline
from servicekit.errors import OctoError
from servicekit.spans import tell

_LOG = logging.getLogger(__name__)


async def drive(work: Work, tools: Tools) -> None:
    """Bring the task to its end, from wherever its rows say that it is.

    Raises:
        LeaseLostError: the task is somebody else's, or it ended.
    """
    began = time.monotonic()
    outcome = await _outcome(work, tools)
    set_deadline(None)  # the end is written, however late it is
    if isinstance(outcome, TaskFailedError):
        await work.write(writes.failed(outcome.error, charges=outcome.charges), ends=True)
        status, error = Status.FAILED, outcome.error.type
    else:
        result, charges = outcome
        await work.write(writes.finished(result, charges=charges, cache_hit=work.cache_hit), ends=True)
        if not work.cache_hit:
            await tools.results.keep(work.result_key, work.spec, result)
        status, error = Status.COMPLETED, None
    tell("octollm.status", status.name.lower())
    if error is not None:
        tell("error.type", error.name)
    tools.meters.ended(status, error=error, seconds=time.monotonic() - began)


async def _outcome(work: Work, tools: Tools) -> tuple[TaskResult, list[Charge]] | TaskFailedError:
    """The task's result and what it still costs, or why it failed."""
    try:
        if work.remaining <= 0:
            raise TimeoutError  # noqa: TRY301  # the time was up before it was taken up again
        async with asyncio.timeout(work.remaining):
            set_deadline(work.remaining)
            return await _result(work, tools)
    except LeaseLostError:
        raise
    except TaskFailedError as error:
        return error
    except (OctoError, TimeoutError) as error:
        return TaskFailedError(_told(error, work))
    except Exception:  # noqa: BLE001  # a defect fails one task, not the process
        _LOG.exception("a defect ended the task")
        return TaskFailedError(TaskError(type=ErrorType.INTERNAL, message="an internal error occurred"))


async def _result(work: Work, tools: Tools) -> tuple[TaskResult, list[Charge]]:
    if work.lost_leases > tools.limits.lost_leases:
        raise TaskFailedError(
            TaskError(
                type=ErrorType.INTERNAL,
                message="given up: every orchestrator that took the task up was lost",
                details={"lost_leases": work.lost_leases},
            )
        )
    await screen(work, tools)
    if not work.steps:
        kept = await _kept(work, tools)
        if kept is not None:
            return await reviewed(work, tools, kept)
        await make_plan(work, tools)
    return await conclude(work, tools, await _judged(work, tools))


async def _kept(work: Work, tools: Tools) -> TaskResult | None:
    """The result of an equal task of the same owner's. Personal data that may pass is in no cache."""
    if not work.own_findings:
        work.result_key = await tools.results.key(work.spec)
    kept = await tools.results.find(work.result_key)
    work.cache_hit = kept is not None
    return kept


async def _judged(work: Work, tools: Tools) -> Judged:
    """Execute and validate, and again while a repair round may help; the best round counts."""
    while True:
        try:
            await run_steps(work, tools)
            await validate(work, tools)
            repairs = await begin_repair(work, tools)
        except (TaskFailedError, BudgetExceededError, OctoError):
            if work.judged is None:
                raise
            _LOG.info("a repair round failed; the best round before it counts", exc_info=True)
            repairs = False
        if not repairs and work.judged:
            return work.judged


def _told(error: OctoError | TimeoutError, work: Work) -> TaskError:
    """The task's error for what went wrong."""
    if isinstance(error, BudgetExceededError):
        return TaskError(type=ErrorType.BUDGET_EXCEEDED, message=error.message, details=error.spent)
    if isinstance(error, OctoError) and error_type(error) is not ErrorType.TIMEOUT:
        return TaskError(type=error_type(error), message=error.message, details={"reason": error.reason})
    seconds = work.spec.budget.max_time_seconds
    if work.waiting_for:
        message = f"no healthy arm held the capability {work.waiting_for} within {seconds} s"
        return TaskError(
            type=ErrorType.ARM_UNAVAILABLE, message=message, details={"capability": work.waiting_for}
        )
    return TaskError(type=ErrorType.TIMEOUT, message=f"the task took longer than its {seconds} s")
