"""How things go wrong for a task: the errors that end one, and what an arm's error means for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.model.task import ErrorType, TaskError
from orchestrator.write import Charge
from servicekit.errors import (
    DeadlineError,
    OctoError,
    RateLimitError,
    UnavailableError,
    ValidationFailedError,
)


class LeaseLostError(Exception):
    """The task is held by somebody else now, or it ended; this holder stops and writes nothing."""


class TaskFailedError(Exception):
    """The task cannot go on.

    Args:
        error: what the caller is told.
        charges: calls that were made for nothing and are paid with the failure.
    """

    def __init__(self, error: TaskError, *, charges: Sequence[Charge] = ()) -> None:
        super().__init__(error.message)
        self.error = error
        self.charges = charges


_BY_REASON: Mapping[str, ErrorType] = {
    "SANDBOX_UNAVAILABLE": ErrorType.SANDBOX_UNAVAILABLE,
    "BUDGET_EXCEEDED": ErrorType.BUDGET_EXCEEDED,
    "BLOCKED": ErrorType.BLOCKED,
    "PLAN_INVALID": ErrorType.PLAN_INVALID,
}
"""Reasons of arms that decide, whatever the error's class."""

_BY_CLASS: Mapping[type[OctoError], ErrorType] = {
    UnavailableError: ErrorType.ARM_UNAVAILABLE,
    RateLimitError: ErrorType.ARM_UNAVAILABLE,
    DeadlineError: ErrorType.TIMEOUT,
    ValidationFailedError: ErrorType.PLAN_INVALID,  # the plan gave the arm what it cannot take
}


def is_transient(error: OctoError) -> bool:
    """Whether trying again may help: the arm is away, crashed or full. A missing sandbox stays missing."""
    return isinstance(error, UnavailableError | RateLimitError) and error.reason not in _BY_REASON


def error_type(error: OctoError) -> ErrorType:
    """Why a task fails when an arm's call ended with `error`."""
    by_class = (meaning for kind, meaning in _BY_CLASS.items() if isinstance(error, kind))
    return _BY_REASON.get(error.reason) or next(by_class, ErrorType.INTERNAL)


def step_failure(error: OctoError, *, step_id: str, arm_id: str) -> TaskFailedError:
    """The end of a task whose step failed for good."""
    details: dict[str, Any] = {"step_id": step_id, "reason": error.reason}
    if arm_id:
        details["arm_id"] = arm_id
    message = f"step {step_id} failed: {error.message}"
    return TaskFailedError(TaskError(type=error_type(error), message=message, details=details))
