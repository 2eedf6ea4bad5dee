"""Writes of a task's holder: one statement each, fenced by the attempt, with its events and its charges.

The task row, the step, the events and the ledger change together or not at all; a holder whose task was
taken over, cancelled or finished writes nothing.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from orchestrator.model.step import StepState
from orchestrator.model.task import Status
from orchestrator.rows import ANY, dump
from orchestrator.state import StepEvent, next_step_state, step_sources
from orchestrator.write import Charge, NewEvent, NewStep, Write
from servicekit.database import Pool, connection

_STATEMENT = """
WITH fence AS (
    UPDATE orchestrator.tasks AS t SET
        last_sequence = t.last_sequence + %(event_count)s,
        updated_at = clock_timestamp(){changes}
    WHERE t.task_id = %(task_id)s AND t.attempt = %(attempt)s AND t.status = {processing}
        AND t.last_sequence = %(expected)s{conditions}
    RETURNING t.task_id, t.tenant, t.last_sequence
){more}
SELECT last_sequence FROM fence"""

# One JSON parameter is cheaper to send than an array a column.
_EVENTS = """, events AS (
    INSERT INTO orchestrator.task_events (task_id, sequence, type, step_id, data)
    SELECT f.task_id, f.last_sequence - %(event_count)s + e.place, (e.event->>'type')::smallint,
        e.event->>'step_id', e.event->'data'
    FROM fence f, jsonb_array_elements(%(events)s::jsonb) WITH ORDINALITY AS e (event, place)
)"""

_LAST = f"""
SELECT last_sequence FROM orchestrator.tasks
WHERE task_id = %(task_id)s AND attempt = %(attempt)s AND status = {Status.PROCESSING}""".encode()  # noqa: S608  # a constant

_CHARGED = """,
        tokens_used = t.tokens_used + %(tokens)s,
        cost_micros = t.cost_micros + %(cost)s,
        arms_used = t.arms_used || array(
            SELECT arm FROM unnest(%(arms)s::text[]) AS arm WHERE arm <> ALL (t.arms_used)
        )"""

_CHARGES = """, charges AS (
    INSERT INTO orchestrator.usage_ledger
        (task_id, call_key, tenant, arm_id, model, input_tokens, output_tokens, cost_micros, cost_known)
    SELECT f.task_id, c.key, f.tenant, c.arm, c.model, c.input, c.output, c.cost, c.known
    FROM fence f, jsonb_to_recordset(%(charges)s::jsonb)
        AS c (key text, arm text, model text, input bigint, output bigint, cost bigint, known boolean)
)"""

_STEP_CHANGES: Mapping[StepEvent, str] = {
    StepEvent.START: ", attempts = s.attempts + 1, arm_id = %(arm_id_{n})s, "
    "started_at = coalesce(s.started_at, clock_timestamp())",
    StepEvent.COMPLETE: ", result = %(result_{n})s::jsonb, error = '', finished_at = clock_timestamp()",
    StepEvent.RETRY: ", error = %(error_{n})s",
    StepEvent.FAIL: ", error = %(error_{n})s, finished_at = clock_timestamp()",
}

_STEP_IS = """ AND EXISTS (
        SELECT 1 FROM orchestrator.steps s
        WHERE s.task_id = t.task_id AND s.step_id = %(step_id_{n})s AND s.state IN ({sources})
    )"""

_STEP_SET = """, step_{n} AS (
    UPDATE orchestrator.steps AS s SET state = {state}{changes}
    FROM fence f WHERE s.task_id = f.task_id AND s.step_id = %(step_id_{n})s
)"""

_NEW_STEPS = f""", planned AS (
    INSERT INTO orchestrator.steps
        (task_id, step_id, position, round, plan, state, attempts, arm_id, started_at)
    SELECT f.task_id, p.plan->>'step_id', p.position, p.round, p.plan,
        CASE WHEN p.started THEN {StepState.RUNNING} ELSE {StepState.PENDING} END, p.started::int, p.arm_id,
        CASE WHEN p.started THEN clock_timestamp() END
    FROM fence f, jsonb_to_recordset(%(new_steps)s::jsonb)
        AS p (plan jsonb, position int, round smallint, started boolean, arm_id text)
)"""  # noqa: S608  # constants


_ADDED: TypeAdapter[Sequence[NewStep]] = TypeAdapter(Sequence[NewStep])


class WriteStore:
    """Runs the writes of holders.

    Args:
        pool: the database.
    """

    def __init__(self, *, pool: Pool) -> None:
        self._pool = pool

    async def write(self, write: Write, *, task_id: str, attempt: int, expected: int) -> int | None:
        """Do it, if the holder still holds the task and `expected` is its last event.

        Returns:
            The number of the last event now; None when nothing was written.
        """
        parameters: dict[str, Any] = {
            "task_id": task_id,
            "attempt": attempt,
            "expected": expected,
            "event_count": len(write.events),
            **write.parameters,
            **_values(write),
        }
        async with connection(self._pool) as conn:
            row = await (await conn.execute(_statement(write), parameters)).fetchone()
        return row[0] if row else None

    async def last(self, *, task_id: str, attempt: int) -> int | None:
        """The number of the last event of a task that is still held; None when it is not."""
        async with connection(self._pool) as conn:
            row = await (await conn.execute(_LAST, {"task_id": task_id, "attempt": attempt})).fetchone()
        return row[0] if row else None


def _statement(write: Write) -> bytes:
    return _text(
        tuple(change.happening for change in write.steps),
        adds=bool(write.new_steps),
        charges=bool(write.charges),
        changes=write.changes,
        more=write.more,
    )


@functools.lru_cache(maxsize=256)
def _text(happenings: tuple[StepEvent, ...], *, adds: bool, charges: bool, changes: str, more: str) -> bytes:
    """The statement of a kind of write; there are few kinds, and each is put together once."""
    done = happenings.count(StepEvent.COMPLETE)
    counted = f", completed_steps = t.completed_steps + {done}" if done else ""
    text = _STATEMENT.format(
        changes=(_CHARGED if charges else "") + counted + changes,
        conditions="".join(
            _STEP_IS.format(n=n, sources=", ".join(f"{state:d}" for state in step_sources(happening)))
            for n, happening in enumerate(happenings)
        ),
        more=_EVENTS
        + (_CHARGES if charges else "")
        + (_NEW_STEPS if adds else "")
        + "".join(
            _STEP_SET.format(
                n=n,
                state=int(next_step_state(step_sources(happening)[-1], happening)),
                changes=_STEP_CHANGES[happening].format(n=n),
            )
            for n, happening in enumerate(happenings)
        )
        + more,
        processing=int(Status.PROCESSING),
    )
    return text.encode()


def _values(write: Write) -> dict[str, Any]:
    values: dict[str, Any] = {"events": _events(write.events)}
    if write.charges:
        values |= _charges(write.charges)
    if write.new_steps:
        values["new_steps"] = dump(_ADDED, write.new_steps)
    for n, change in enumerate(write.steps):
        values[f"step_id_{n}"] = change.step_id
        values |= {f"{name}_{n}": value for name, value in change.parameters.items()}
    return values


def _events(events: Sequence[NewEvent]) -> str:
    return dump(ANY, [{"type": int(e.type), "step_id": e.step_id, "data": dict(e.data)} for e in events])


def _charges(charges: Sequence[Charge]) -> dict[str, Any]:
    usages = [charge.provenance.usage for charge in charges]
    rows = [
        {
            "key": charge.key,
            "arm": charge.provenance.arm_id,
            "model": charge.provenance.model,
            "input": charge.provenance.usage.input_tokens,
            "output": charge.provenance.usage.output_tokens,
            "cost": charge.provenance.usage.cost_micros,
            "known": charge.provenance.usage.cost_known,
        }
        for charge in charges
    ]
    return {
        "tokens": sum(usage.tokens for usage in usages),
        "cost": sum(usage.cost_micros for usage in usages),
        "arms": list(dict.fromkeys(row["arm"] for row in rows if row["arm"])),
        "charges": dump(ANY, rows),
    }
