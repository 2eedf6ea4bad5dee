"""How far a task is, and when it may end: guesses from its phase and its steps."""

from datetime import datetime, timedelta

from orchestrator.model.task import Phase, Status, Task

_REACHED = {
    Phase.NONE: 0,
    Phase.PREPROCESSING: 2,
    Phase.PLANNING: 5,
    Phase.EXECUTION: 15,
    Phase.VALIDATION: 85,
    Phase.SYNTHESIS: 95,
}
"""Percent reached when a phase begins."""

_ENOUGH_TO_GUESS = 15
_DONE = 100


def percentage(task: Task) -> int:
    """0 to 100; only a completed task reaches 100."""
    if task.status is Status.COMPLETED:
        return _DONE
    reached = _REACHED[task.phase]
    if task.phase is Phase.EXECUTION and task.total_steps:
        span = _REACHED[Phase.VALIDATION] - reached
        reached += span * task.completed_steps // task.total_steps
    return reached


def estimated_completion(task: Task) -> datetime | None:
    """When the task ends if it goes on as fast as so far, and at its deadline at the latest."""
    done = percentage(task)
    if task.status is not Status.PROCESSING or task.started_at is None or done < _ENOUGH_TO_GUESS:
        return None
    guess = task.started_at + (task.read_at - task.started_at) * (_DONE / done)
    return min(guess, task.deadline_at) if task.deadline_at else guess


def duration(task: Task) -> timedelta:
    """From the first lease to the end, or to now."""
    if task.started_at is None:
        return timedelta()
    return (task.finished_at or task.read_at) - task.started_at
