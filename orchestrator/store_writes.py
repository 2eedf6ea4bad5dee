"""Writes of a task's holder: one statement each, fenced by the attempt, with its events and its charges.

The task row, the step, the events and the ledger change together or not at all; a holder whose task was
taken over, cancelled or finished writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.model import EventType, Provenance, Status
from orchestrator.rows import ANY, dump
from servicekit.database import Pool, connection


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event to append."""

    type: EventType
    step_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A call to pay.

    Attributes:
        key: names the call within the task; a key that was paid cannot be paid again.
        provenance: who did it with which model, and what was consumed.
    """

    key: str
    provenance: Provenance


@dataclass(frozen=True, kw_only=True)
class Write:
    """What one statement changes.

    Attributes:
        events: appended in order.
        charges: entered in the ledger and added to the task.
        changes: further assignments to the task's columns, beginning with a comma.
        condition: further conditions on the task row ``t``, beginning with AND.
        more: further WITH queries that read ``fence``, beginning with a comma.
        parameters: what these refer to.
    """

    events: Sequence[NewEvent] = ()
    charges: Sequence[Charge] = ()
    changes: str = ""
    condition: str = ""
    more: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])


_STATEMENT = """
WITH fence AS (
    UPDATE orchestrator.tasks AS t SET
        last_sequence = t.last_sequence + %(event_count)s,
        updated_at = clock_timestamp(){charged}{changes}
    WHERE t.task_id = %(task_id)s AND t.attempt = %(attempt)s AND t.status = {processing}
        AND t.last_sequence = %(expected)s{condition}
    RETURNING t.task_id, t.tenant, t.last_sequence
){events}{charges}{more}
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
            The number of the last event now, or None when nothing was written.
        """
        parameters: dict[str, Any] = {
            "task_id": task_id,
            "attempt": attempt,
            "expected": expected,
            "event_count": len(write.events),
            **write.parameters,
        }
        if write.events:
            parameters["events"] = _events(write.events)
        if write.charges:
            parameters |= _charges(write.charges)
        async with connection(self._pool) as conn:
            row = await (await conn.execute(_statement(write), parameters)).fetchone()
        return row[0] if row else None

    async def last(self, *, task_id: str, attempt: int) -> int | None:
        """The number of the last event of a task that is still held; None when it is not."""
        async with connection(self._pool) as conn:
            row = await (await conn.execute(_LAST, {"task_id": task_id, "attempt": attempt})).fetchone()
        return row[0] if row else None


def _statement(write: Write) -> bytes:
    text = _STATEMENT.format(
        charged=_CHARGED if write.charges else "",
        changes=write.changes,
        condition=write.condition,
        events=_EVENTS if write.events else "",
        charges=_CHARGES if write.charges else "",
        more=write.more,
        processing=int(Status.PROCESSING),
    )
    return text.encode()


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
