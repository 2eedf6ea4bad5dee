"""Writes of a task's holder: one statement each, fenced by the attempt, with its events and its charges.

The task row, the step, the events and the ledger change together or not at all; a holder whose task was
taken over, cancelled or finished writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.model import EventType, Provenance, Status
from orchestrator.rows import dump_data
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
        last_sequence = t.last_sequence + cardinality(%(types)s::smallint[]),
        updated_at = clock_timestamp(),
        tokens_used = t.tokens_used + %(tokens)s,
        cost_micros = t.cost_micros + %(cost)s,
        arms_used = t.arms_used || array(
            SELECT arm FROM unnest(%(arms)s::text[]) AS arm WHERE arm <> ALL (t.arms_used)
        ){changes}
    WHERE t.task_id = %(task_id)s AND t.attempt = %(attempt)s AND t.status = {processing}{condition}
    RETURNING t.*
), events AS (
    INSERT INTO orchestrator.task_events (task_id, sequence, type, step_id, data)
    SELECT f.task_id, f.last_sequence - cardinality(%(types)s::smallint[]) + e.place, e.type, e.step_id,
        e.data::jsonb
    FROM fence f, unnest(%(types)s::smallint[], %(step_ids)s::text[], %(datas)s::text[])
        WITH ORDINALITY AS e (type, step_id, data, place)
){charges}{more}
SELECT last_sequence FROM fence"""

_CHARGES = """, charges AS (
    INSERT INTO orchestrator.usage_ledger
        (task_id, call_key, tenant, arm_id, model, input_tokens, output_tokens, cost_micros, cost_known)
    SELECT f.task_id, c.key, f.tenant, c.arm, c.model, c.input, c.output, c.cost, c.known
    FROM fence f, unnest(%(keys)s::text[], %(charged_arms)s::text[], %(models)s::text[],
        %(inputs)s::bigint[], %(outputs)s::bigint[], %(costs)s::bigint[], %(known)s::boolean[])
        AS c (key, arm, model, input, output, cost, known)
)"""


class WriteStore:
    """Runs the writes of holders.

    Args:
        pool: the database.
    """

    def __init__(self, *, pool: Pool) -> None:
        self._pool = pool

    async def write(self, write: Write, *, task_id: str, attempt: int) -> int | None:
        """Do it; returns the task's last event number, None when the holder holds the task no more."""
        statement = _STATEMENT.format(
            changes=write.changes,
            condition=write.condition,
            charges=_CHARGES if write.charges else "",
            more=write.more,
            processing=int(Status.PROCESSING),
        )
        parameters = {
            "task_id": task_id,
            "attempt": attempt,
            **_events(write.events),
            **_charges(write.charges),
            **write.parameters,
        }
        async with connection(self._pool) as conn:
            row = await (await conn.execute(statement.encode(), parameters)).fetchone()
        return row[0] if row else None


def _events(events: Sequence[NewEvent]) -> dict[str, Any]:
    return {
        "types": [int(event.type) for event in events],
        "step_ids": [event.step_id for event in events],
        "datas": [dump_data(event.data) for event in events],
    }


def _charges(charges: Sequence[Charge]) -> dict[str, Any]:
    usages = [charge.provenance.usage for charge in charges]
    arms = [charge.provenance.arm_id for charge in charges]
    return {
        "tokens": sum(usage.tokens for usage in usages),
        "cost": sum(usage.cost_micros for usage in usages),
        "arms": list(dict.fromkeys(arm for arm in arms if arm)),
        "keys": [charge.key for charge in charges],
        "charged_arms": arms,
        "models": [charge.provenance.model for charge in charges],
        "inputs": [usage.input_tokens for usage in usages],
        "outputs": [usage.output_tokens for usage in usages],
        "costs": [usage.cost_micros for usage in usages],
        "known": [usage.cost_known for usage in usages],
    }
