"""Reads tasks, steps, events and usage, and changes tasks from outside: cancel, erase."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from psycopg.rows import dict_row

from orchestrator.bus import CANCEL_CHANNEL
from orchestrator.model.event import Event, EventType
from orchestrator.model.step import Step, StepState
from orchestrator.model.task import Status, Task
from orchestrator.ownership import Reach
from orchestrator.rows import STEP_COLUMNS, TASK_COLUMNS, Row, event_of, step_of, task_of
from orchestrator.state import StepEvent, TaskEvent, step_sources, task_sources
from servicekit.database import Pool, connection

_ONE = """t.task_id = %(task_id)s AND t.tenant = %(tenant)s
        AND (%(subject)s::text IS NULL OR t.subject = %(subject)s)"""
"""One task within somebody's reach."""

_GET = f"SELECT {TASK_COLUMNS} FROM orchestrator.tasks t WHERE {_ONE}"  # noqa: S608  # constants

_STEPS = f"SELECT {STEP_COLUMNS} FROM orchestrator.steps s WHERE s.task_id = %(task_id)s ORDER BY s.position"  # noqa: S608  # constants

_EVENTS = """
SELECT task_id, sequence, type, created_at, step_id, data FROM orchestrator.task_events
WHERE task_id = %(task_id)s AND sequence > %(after)s ORDER BY sequence LIMIT %(limit)s"""

_CANCEL = f"""
WITH t AS (
    UPDATE orchestrator.tasks AS t SET
        status = {Status.CANCELLED}, last_sequence = t.last_sequence + 1, lease_owner = NULL,
        lease_until = NULL, finished_at = clock_timestamp(), updated_at = clock_timestamp()
    WHERE {_ONE} AND t.status = ANY(%(sources)s::smallint[])
    RETURNING *
), event AS (
    INSERT INTO orchestrator.task_events (task_id, sequence, type)
    SELECT task_id, last_sequence, {EventType.TASK_CANCELLED} FROM t
), ended AS (
    UPDATE orchestrator.steps AS s SET state = {StepState.CANCELLED}, finished_at = clock_timestamp()
    FROM t WHERE s.task_id = t.task_id AND s.state = ANY(%(step_sources)s::smallint[])
)
SELECT {TASK_COLUMNS}, pg_notify('{CANCEL_CHANNEL}', t.task_id) AS told FROM t"""  # noqa: S608  # constants

_ERASE = f"""
WITH t AS (
    UPDATE orchestrator.tasks AS t SET
        spec = jsonb_build_object('goal', '', 'budget', t.spec->'budget', 'priority', t.spec->'priority'),
        callback_url = '',
        result = NULL, error = NULL, judgement = NULL, total_steps = 0, completed_steps = 0,
        last_sequence = t.last_sequence + 1, updated_at = clock_timestamp()
    WHERE {_ONE} AND t.status >= {Status.COMPLETED}
    RETURNING *
), events AS (
    DELETE FROM orchestrator.task_events e USING t WHERE e.task_id = t.task_id
), steps AS (
    DELETE FROM orchestrator.steps s USING t WHERE s.task_id = t.task_id
)
SELECT {TASK_COLUMNS} FROM t"""  # noqa: S608  # constants

_USAGE = """
SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(DISTINCT task_id) AS tasks,
    sum(input_tokens + output_tokens)::bigint AS tokens, sum(cost_micros)::bigint AS cost_micros
FROM orchestrator.usage_ledger
WHERE tenant = %(tenant)s AND created_at >=
    (date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') - make_interval(days => %(days)s - 1))
        AT TIME ZONE 'UTC'
GROUP BY day ORDER BY day DESC"""


@dataclass(frozen=True, kw_only=True)
class DailyUsage:
    """What a tenant used on one day, in UTC; money in millionths of a US dollar."""

    day: date
    tasks: int
    tokens: int
    cost_micros: int


class TaskStore:
    """Reads, cancels and erases.

    Args:
        pool: the database.
    """

    def __init__(self, *, pool: Pool) -> None:
        self._pool = pool

    async def get(self, *, task_id: str, within: Reach) -> Task | None:
        """One task."""
        row = await self._one(_GET, _named(task_id, within))
        return task_of(row) if row else None

    async def steps(self, *, task_id: str) -> list[Step]:
        """A task's steps in the order of the plan; who may see the task was asked before."""
        return [step_of(row) for row in await self._all(_STEPS, {"task_id": task_id})]

    async def events(self, *, task_id: str, after: int, limit: int = 500) -> list[Event]:
        """A task's events after a sequence number, at most `limit`."""
        parameters = {"task_id": task_id, "after": after, "limit": limit}
        return [event_of(row) for row in await self._all(_EVENTS, parameters)]

    async def cancel(self, *, task_id: str, within: Reach) -> Task | None:
        """End a task that has not ended, tell its holder in the same transaction; None when there is none."""
        row = await self._one(
            _CANCEL,
            {
                **_named(task_id, within),
                "sources": task_sources(TaskEvent.CANCEL),
                "step_sources": step_sources(StepEvent.CANCEL),
            },
        )
        return task_of(row) if row else None

    async def erase(self, *, task_id: str, within: Reach) -> Task | None:
        """Remove what a task that ended says; None when there is none that ended."""
        row = await self._one(_ERASE, _named(task_id, within))
        return task_of(row) if row else None

    async def usage(self, *, tenant: str, days: int) -> list[DailyUsage]:
        """What the tenant used on each of the last days, newest first."""
        return [DailyUsage(**row) for row in await self._all(_USAGE, {"tenant": tenant, "days": days})]

    async def _one(self, query: str, parameters: Row) -> Row | None:
        rows = await self._all(query, parameters)
        return rows[0] if rows else None

    async def _all(self, query: str, parameters: Row) -> Sequence[Row]:
        async with connection(self._pool) as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query.encode(), parameters)
            return await cursor.fetchall()


def _named(task_id: str, within: Reach) -> Row:
    return {"task_id": task_id, "tenant": within.tenant, "subject": within.subject}
