"""Holds what clients saw and what the database holds against the promises."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from octollm.orchestrator.v1 import tasks_pb2

TERMINAL: dict[int, int] = {
    tasks_pb2.TASK_EVENT_TYPE_TASK_COMPLETED: tasks_pb2.TASK_STATUS_COMPLETED,
    tasks_pb2.TASK_EVENT_TYPE_TASK_FAILED: tasks_pb2.TASK_STATUS_FAILED,
    tasks_pb2.TASK_EVENT_TYPE_TASK_CANCELLED: tasks_pb2.TASK_STATUS_CANCELLED,
}
STEP_DONE = tasks_pb2.STEP_STATE_COMPLETED


@dataclass
class Seen:
    """What clients saw.

    Attributes:
        acknowledged: tasks whose submit was answered.
        ended: the terminal status that a client was told, by task.
        events: event types that watchers were sent, by task and sequence.
    """

    acknowledged: set[str] = field(default_factory=set)
    ended: dict[str, int] = field(default_factory=dict)
    events: dict[tuple[str, int], int] = field(default_factory=dict)


@dataclass
class Rows:
    """What the database holds.

    Attributes:
        tasks: status, last sequence, tokens, micro-dollars, completed and planned steps, by task.
        events: task, sequence, type, step.
        steps: task, step, state.
        ledger: task, key of the call, tokens, micro-dollars.
    """

    tasks: dict[str, tuple[int, ...]]
    events: list[tuple[str, int, int, str]]
    steps: list[tuple[str, str, int]]
    ledger: list[tuple[str, str, int, int]]


def check_history(database_url: str, seen: Seen, *, completed: bool = True) -> None:
    """Prove the promises.

    Args:
        database_url: where the rows are.
        seen: what clients saw.
        completed: whether nothing but completion is right for what was acknowledged.
    """
    with psycopg.connect(database_url) as connection:
        check_rows(read_rows(connection), seen, completed=completed)


def read_rows(connection: psycopg.Connection[Any]) -> Rows:
    """All of them, as they are at one moment."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return Rows(
            tasks={
                row[0]: row[1:]
                for row in connection.execute(
                    """SELECT task_id, status, last_sequence, tokens_used, cost_micros, completed_steps,
                    total_steps FROM orchestrator.tasks"""
                ).fetchall()
            },
            events=connection.execute(
                "SELECT task_id, sequence, type, step_id FROM orchestrator.task_events ORDER BY 1, 2"
            ).fetchall(),
            steps=connection.execute("SELECT task_id, step_id, state FROM orchestrator.steps").fetchall(),
            ledger=connection.execute(
                "SELECT task_id, call_key, input_tokens + output_tokens, cost_micros "
                "FROM orchestrator.usage_ledger"
            ).fetchall(),
        )


def check_rows(rows: Rows, seen: Seen, *, completed: bool = True) -> None:
    """Prove the promises of rows that were read."""
    _check_ends(rows.tasks, seen, completed=completed)
    _check_events(rows.tasks, rows.events, seen)
    _check_payment(rows.tasks, rows.steps, rows.ledger, rows.events)


def _check_ends(tasks: Mapping[str, tuple[int, ...]], seen: Seen, *, completed: bool) -> None:
    lost = seen.acknowledged - set(tasks)
    assert not lost, f"acknowledged and lost: {lost}"
    for task_id in seen.acknowledged:
        status, _, _, _, done, planned = tasks[task_id]
        assert status >= tasks_pb2.TASK_STATUS_COMPLETED, f"{task_id} did not end: {status}"
        if completed:
            assert status == tasks_pb2.TASK_STATUS_COMPLETED, f"{task_id} ended as {status}"
            assert done == planned, f"{task_id}: {done} of {planned} steps"
    for task_id, status in seen.ended.items():
        assert tasks[task_id][0] == status, f"{task_id} was {status} for a client and is {tasks[task_id][0]}"


def _check_events(
    tasks: Mapping[str, tuple[int, ...]], events: Collection[tuple[str, int, int, str]], seen: Seen
) -> None:
    kept = {(task_id, sequence): kind for task_id, sequence, kind, _ in events}
    for where, kind in seen.events.items():
        assert kept.get(where) == kind, f"a watcher saw {kind} at {where}, the database has {kept.get(where)}"
    assert len(kept) == len(events), "two events have one number"
    numbers = Counter(task_id for task_id, *_ in events)
    for task_id, (status, last, *_) in tasks.items():
        missing = [n for n in range(1, last + 1) if (task_id, n) not in kept]
        assert not missing, f"{task_id} has no events {missing} of {last}"
        assert numbers[task_id] == last, f"{task_id} has events beyond {last}"
        ends = [n for n in range(1, last + 1) if kept[task_id, n] in TERMINAL]
        if status >= tasks_pb2.TASK_STATUS_COMPLETED:
            assert ends == [last], f"{task_id} ends at {ends} of {last}"
            assert TERMINAL[kept[task_id, last]] == status, f"{task_id}: its last event is not its status"
        else:
            assert not ends, f"{task_id} has an end at {ends} before it ended"


def _check_payment(
    tasks: Mapping[str, tuple[int, ...]],
    steps: Collection[tuple[str, str, int]],
    ledger: Collection[tuple[str, str, int, int]],
    events: Collection[tuple[str, int, int, str]],
) -> None:
    tokens: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    for task_id, _, used, paid in ledger:
        tokens[task_id] += used
        cost[task_id] += paid
    for task_id, (_, _, used, paid, *_) in tasks.items():
        assert (tokens[task_id], cost[task_id]) == (used, paid), f"{task_id}: the ledger does not add up"
    recorded = Counter(
        (task_id, step_id)
        for task_id, _, kind, step_id in events
        if kind == tasks_pb2.TASK_EVENT_TYPE_STEP_COMPLETED
    )
    paid_steps = Counter(
        (task_id, key.removeprefix("step:")) for task_id, key, *_ in ledger if key.startswith("step:")
    )
    done = Counter((task_id, step_id) for task_id, step_id, state in steps if state == STEP_DONE)
    assert recorded == paid_steps == done, "a step's result was not recorded and paid exactly once"
