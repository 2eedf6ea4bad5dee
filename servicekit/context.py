"""What log lines and calls carry beside the request id: the service, the task, the deadline."""

import re
import time
from contextvars import ContextVar

from servicekit.errors import DeadlineError

TASK_METADATA_KEY = "x-task-id"
"""The gRPC metadata key under which the task travels, for log lines and spans; it grants nothing."""

_TASK_ID = re.compile(r"task_[a-zA-Z0-9]{16}", re.ASCII)
_service: ContextVar[str] = ContextVar("service", default="")
_task_id: ContextVar[str] = ContextVar("task_id", default="")
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def current_service() -> str:
    """The service whose work this is, empty outside of one; several may share a process."""
    return _service.get()


def set_service(name: str) -> None:
    """Make `name` the current service for this task and the tasks it starts."""
    _service.set(name)


def current_task_id() -> str:
    """The OctoLLM task being worked on, empty outside of one."""
    return _task_id.get()


def set_task_id(task_id: str) -> None:
    """Make `task_id` the current OctoLLM task for this asyncio task and those it starts."""
    _task_id.set(task_id)


def hear_task_id(told: str | bytes | None) -> None:
    """Make an id that a caller told the current one, if it is one."""
    if isinstance(told, str) and _TASK_ID.fullmatch(told):
        _task_id.set(told)


def set_deadline(seconds: float | None) -> None:
    """Let everything this asyncio task does end within so many seconds; None lifts the bound."""
    _deadline.set(None if seconds is None else time.monotonic() + seconds)


def remaining_seconds(limit: float) -> float:
    """What is left of the deadline, and at most `limit` seconds.

    Raises:
        DeadlineError: when nothing is left.
    """
    deadline = _deadline.get()
    if deadline is None:
        return limit
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineError("the deadline of this request has passed")
    return min(left, limit)
