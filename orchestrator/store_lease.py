"""Leases: who holds a task, by the database's clock. Each lease takes a new attempt number, which fences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg.rows import dict_row

from orchestrator.model.event import EventType
from orchestrator.model.step import Step
from orchestrator.model.task import Phase, Status, Task
from orchestrator.rows import JUDGED, STEP_COLUMNS, TASK_COLUMNS, Judged, step_of, task_of
from orchestrator.state import TaskEvent, task_sources
from orchestrator.wakeups import QUEUE, WAKE_AGAIN
from servicekit.database import Pool, connection

# A released lease ended at -infinity: nobody waits for it, and it does not count as lost.
_ACQUIRE = f"""
WITH t AS (
    UPDATE orchestrator.tasks AS t SET
        status = {Status.PROCESSING}, phase = greatest(t.phase, {Phase.PLANNING}),
        attempt = t.attempt + 1, last_sequence = t.last_sequence + 1,
        lease_owner = %(owner)s, lease_until = clock_timestamp() + make_interval(secs => %(seconds)s),
        lost_leases = t.lost_leases + (t.status = {Status.PROCESSING} AND t.lease_until > '-infinity')::int,
        started_at = coalesce(t.started_at, clock_timestamp()),
        deadline_at = coalesce(t.deadline_at, clock_timestamp() + make_interval(secs => t.max_seconds)),
        updated_at = clock_timestamp()
    WHERE t.task_id = %(task_id)s AND t.status = ANY(%(sources)s::smallint[])
        AND (t.lease_until IS NULL OR t.lease_until < clock_timestamp())
        AND (t.status <> {Status.QUEUED}
            OR t.created_at > clock_timestamp() - make_interval(secs => %(queue_limit)s))
    RETURNING *
), event AS (
    INSERT INTO orchestrator.task_events (task_id, sequence, type, data)
    SELECT task_id, last_sequence, {EventType.TASK_STARTED}, jsonb_build_object('attempt', attempt) FROM t
)
SELECT {TASK_COLUMNS}, t.subject, t.attempt, t.lost_leases, t.own_findings, t.trace_context,
    t.judgement::text AS judgement,
    extract(epoch FROM t.deadline_at - clock_timestamp())::float8 AS remaining
FROM t"""  # noqa: S608  # constants

_STEPS = f"SELECT {STEP_COLUMNS} FROM orchestrator.steps s WHERE s.task_id = %(task_id)s"  # noqa: S608  # constants

_RENEW = f"""
UPDATE orchestrator.tasks AS t SET lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM unnest(%(task_ids)s::text[], %(attempts)s::int[]) AS held (task_id, attempt)
WHERE t.task_id = held.task_id AND t.attempt = held.attempt AND t.status = {Status.PROCESSING}
RETURNING t.task_id"""  # noqa: S608  # constants

_RELEASE = f"""
WITH t AS (
    UPDATE orchestrator.tasks AS t SET lease_owner = NULL, lease_until = '-infinity'
    FROM unnest(%(task_ids)s::text[], %(attempts)s::int[]) AS held (task_id, attempt)
    WHERE t.task_id = held.task_id AND t.attempt = held.attempt AND t.status = ANY(%(sources)s::smallint[])
    RETURNING t.*
)
{WAKE_AGAIN}"""  # noqa: S608  # constants

_WAKE = f"""
WITH t AS (
    SELECT * FROM orchestrator.tasks t
    WHERE t.task_id = ANY(%(task_ids)s) AND t.status = ANY(%(sources)s::smallint[])
        AND (t.lease_until IS NULL OR t.lease_until < clock_timestamp())
)
{WAKE_AGAIN}"""  # noqa: S608  # constants


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A task that is held.

    Attributes:
        task: the task as it was when the lease began.
        subject: whose it is within the tenant.
        attempt: the fencing number; every write carries it.
        lost: how many earlier leases ran out.
        remaining: seconds to the task's deadline.
        steps: its steps by id.
        judged: the best judgement so far.
        own_findings: keyed hashes of the personal data that the caller gave and that may leave again.
        trace_context: of the request that submitted the task; empty outside of a trace.
    """

    task: Task
    subject: str
    attempt: int
    lost: int
    remaining: float
    steps: Mapping[str, Step]
    judged: Judged | None
    own_findings: frozenset[str]
    trace_context: Mapping[str, str]


class LeaseStore:
    """Takes, renews and gives back leases.

    Args:
        pool: the database.
        owner: who holds what is leased here; for people.
        seconds: how long a lease lasts without a heartbeat.
        queue_limit: seconds that a task may wait for its first lease; after that the sweeper ends it.
    """

    def __init__(self, *, pool: Pool, owner: str, seconds: float, queue_limit: float) -> None:
        self._pool = pool
        self._owner = owner
        self._seconds = seconds
        self._queue_limit = queue_limit

    async def acquire(self, *, task_id: str) -> Lease | None:
        """Take up a task that waits; None when it ended, is held, or does not exist."""
        parameters = {
            "task_id": task_id,
            "owner": self._owner,
            "seconds": self._seconds,
            "queue_limit": self._queue_limit,
            "sources": task_sources(TaskEvent.LEASE),
        }
        async with connection(self._pool) as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_ACQUIRE.encode(), parameters)
            row = await cursor.fetchone()
            if row is None:
                return None
            task = task_of(row)
            steps: list[Step] = []
            if task.total_steps:
                await cursor.execute(_STEPS.encode(), {"task_id": task_id})
                steps = [step_of(found) for found in await cursor.fetchall()]
        return Lease(
            task=task,
            subject=row["subject"],
            attempt=row["attempt"],
            lost=row["lost_leases"],
            remaining=row["remaining"],
            steps={step.step_id: step for step in steps},
            own_findings=frozenset(row["own_findings"]),
            trace_context=row["trace_context"],
            judged=JUDGED.validate_json(row["judgement"]) if row["judgement"] else None,
        )

    async def renew(self, held: Sequence[tuple[str, int]]) -> set[str]:
        """Lengthen leases, given as task id and attempt; returns the ids that are still held."""
        parameters = {**_pairs(held), "seconds": self._seconds}
        async with connection(self._pool) as conn:
            rows = await (await conn.execute(_RENEW.encode(), parameters)).fetchall()
        return {row[0] for row in rows}

    async def release(self, held: Sequence[tuple[str, int]]) -> None:
        """Give leases back before the tasks' end, and wake another orchestrator for them."""
        parameters = {**_pairs(held), "sources": task_sources(TaskEvent.RELEASE), "queue": QUEUE}
        async with connection(self._pool) as conn:
            await conn.execute(_RELEASE.encode(), parameters)

    async def wake(self, task_ids: Sequence[str]) -> None:
        """Wake some orchestrator for those of the tasks that wait and that nobody holds."""
        parameters = {"task_ids": task_ids, "sources": task_sources(TaskEvent.LEASE), "queue": QUEUE}
        async with connection(self._pool) as conn:
            await conn.execute(_WAKE.encode(), parameters)


def _pairs(held: Sequence[tuple[str, int]]) -> dict[str, object]:
    return {"task_ids": [pair[0] for pair in held], "attempts": [pair[1] for pair in held]}
