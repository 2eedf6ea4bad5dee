"""The history checker itself: it passes a good history, and finds every way in which one can be bad."""

from collections.abc import Callable

import pytest
from octollm.orchestrator.v1 import tasks_pb2

from tests.fault.history import Rows, Seen, check_rows

T = "task_tttttttttttttttt"
COMPLETED, FAILED = tasks_pb2.TASK_STATUS_COMPLETED, tasks_pb2.TASK_STATUS_FAILED
PROCESSING = tasks_pb2.TASK_STATUS_PROCESSING
DONE, STOPPED = tasks_pb2.STEP_STATE_COMPLETED, tasks_pb2.STEP_STATE_CANCELLED
TYPES = ["QUEUED", "STARTED", "PLANNED"]
KINDS = [tasks_pb2.TaskEventType.Value(f"TASK_EVENT_TYPE_TASK_{name}") for name in TYPES]
BEGUN = tasks_pb2.TASK_EVENT_TYPE_STEP_STARTED
ENDED = tasks_pb2.TASK_EVENT_TYPE_STEP_COMPLETED
OVER = tasks_pb2.TASK_EVENT_TYPE_TASK_COMPLETED
BROKE = tasks_pb2.TASK_EVENT_TYPE_TASK_FAILED


def good() -> tuple[Rows, Seen]:
    """A task of two steps that was completed, watched to its end."""
    happened = [(KINDS[0], ""), (KINDS[1], ""), (KINDS[2], ""), (BEGUN, "a"), (ENDED, "a")]
    happened += [(BEGUN, "b"), (ENDED, "b"), (OVER, "")]
    events = [(T, number, int(kind), step) for number, (kind, step) in enumerate(happened, start=1)]
    rows = Rows(
        tasks={T: (COMPLETED, 8, 23, 11, 2, 2)},
        events=events,
        steps=[(T, "a", DONE), (T, "b", DONE)],
        ledger=[(T, "plan:0", 3, 1), (T, "step:a", 10, 5), (T, "step:b", 10, 5), (T, "review:1", 0, 0)],
    )
    seen = Seen(acknowledged={T}, ended={T: COMPLETED})
    seen.events = {(task_id, number): kind for task_id, number, kind, _ in events}
    return rows, seen


def task(rows: Rows, place: int, value: int) -> None:
    columns = list(rows.tasks[T])
    columns[place] = value
    rows.tasks[T] = tuple(columns)


def event(rows: Rows, number: int, kind: int, step: str = "") -> None:
    rows.events[number - 1] = (T, number, kind, step)


def unfinished(rows: Rows, seen: Seen) -> None:
    task(rows, 0, PROCESSING)
    seen.acknowledged.clear()
    seen.ended.clear()


Harm = Callable[[Rows, Seen], object]
BAD: dict[str, tuple[Harm, str]] = {
    "an event is missing": (lambda r, _: r.events.pop(3), "no events"),
    "two events have one number": (lambda r, _: r.events.append((T, 4, BEGUN, "a")), "one number"),
    "an event beyond the last": (lambda r, _: r.events.append((T, 9, BEGUN, "a")), "beyond"),
    "two ends": (lambda r, _: event(r, 3, BROKE), "ends at"),
    "something after the end": (lambda r, _: (event(r, 7, OVER), event(r, 8, ENDED, "b")), "ends at"),
    "an end that is not the status": (lambda r, _: event(r, 8, BROKE), "is not its status"),
    "an end before the end": (unfinished, "before it ended"),
    "never ended": (lambda r, _: task(r, 0, PROCESSING), "did not end"),
    "failed for no reason": (lambda r, _: task(r, 0, FAILED), "ended as"),
    "another end than a client was told": (lambda _, s: s.ended.update({T: FAILED}), "for a client"),
    "a step was left out": (lambda r, _: task(r, 4, 1), "of 2 steps"),
    "acknowledged and lost": (lambda _, s: s.acknowledged.add("task_uuuuuuuuuuuuuuuu"), "lost"),
    "a watcher saw what is not there": (lambda _, s: s.events.update({(T, 9): OVER}), "watcher"),
    "a watcher saw something else": (lambda _, s: s.events.update({(T, 2): OVER}), "watcher"),
    "tokens that nobody paid": (lambda r, _: task(r, 2, 24), "add up"),
    "money that nobody paid": (lambda r, _: task(r, 3, 12), "add up"),
    "a charge is gone": (lambda r, _: r.ledger.pop(0), "add up"),
    "a step is paid twice": (lambda r, _: r.ledger.append((T, "step:a", 0, 0)), "exactly once"),
    "a step is not paid": (lambda r, _: (r.ledger.pop(2), task(r, 2, 13), task(r, 3, 6)), "exactly once"),
    "a result is recorded twice": (lambda r, _: event(r, 4, ENDED, "a"), "exactly once"),
    "a result is gone": (lambda r, _: r.steps.pop(), "exactly once"),
    "a result without an event": (lambda r, _: r.steps.append((T, "c", DONE)), "exactly once"),
}


def test_a_good_history_passes() -> None:
    check_rows(*good())


def test_a_step_that_was_stopped_is_neither_recorded_nor_paid() -> None:
    rows, seen = good()
    rows.steps.append((T, "c", STOPPED))
    check_rows(rows, seen)


@pytest.mark.parametrize("how", BAD)
def test_every_broken_promise_is_found(how: str) -> None:
    rows, seen = good()
    harm, says = BAD[how]
    if "watcher" not in how:  # nobody watched: the rows must speak for themselves
        seen.events.clear()
    harm(rows, seen)
    with pytest.raises(AssertionError, match=says):
        check_rows(rows, seen)
