"""What keeps the whole moving when a holder is gone: wakes, ends, folds, forgets."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from orchestrator.limits import SweepLimits
from orchestrator.model.event import EventType
from orchestrator.model.step import StepState
from orchestrator.model.task import ErrorType, Status, TaskError
from orchestrator.rows import ERROR, dump
from orchestrator.state import StepEvent, TaskEvent, step_sources, task_sources
from orchestrator.wakeups import QUEUE, WAKE_AGAIN
from servicekit.database import Connection, Pool, transaction

_ALONE = "SELECT pg_try_advisory_xact_lock(hashtextextended('octollm.orchestrator.sweep', 0))"

# Held by nobody: the lease ran out, or was given back and its wake-up got lost.
_WAKE_LEASELESS = f"""
WITH t AS (
    SELECT t.* FROM orchestrator.tasks t
    WHERE t.status = {Status.PROCESSING} AND t.lease_until < clock_timestamp()
    ORDER BY t.lease_until LIMIT %(limit)s
)
{WAKE_AGAIN}"""  # noqa: S608  # constants

# Queued without a wake-up: whoever took it died before it had the lease.
_WAKE_QUEUED = f"""
WITH t AS (
    SELECT t.* FROM orchestrator.tasks t
    WHERE t.status = {Status.QUEUED} AND t.created_at < clock_timestamp() - make_interval(secs => %(age)s)
        AND NOT EXISTS (
            SELECT 1 FROM orchestrator_jobs.procrastinate_jobs j
            WHERE j.queueing_lock = t.task_id AND j.status = 'todo'
        )
    ORDER BY t.created_at LIMIT %(limit)s
)
{WAKE_AGAIN}"""  # noqa: S608  # constants

# A dead worker's wake-ups: their tasks are woken again, unless somebody has them already.
_RESCUE_JOBS = f"""
WITH dead AS (
    DELETE FROM orchestrator_jobs.procrastinate_jobs j
    WHERE j.status <> 'todo' AND NOT EXISTS (
        SELECT 1 FROM orchestrator_jobs.procrastinate_workers w
        WHERE w.id = j.worker_id AND w.last_heartbeat > clock_timestamp() - make_interval(secs => %(age)s)
    ) RETURNING j.args->>'task_id' AS task_id
), t AS (
    SELECT t.* FROM orchestrator.tasks t
    WHERE t.task_id IN (SELECT task_id FROM dead) AND t.status = {Status.QUEUED}
)
{WAKE_AGAIN}"""  # noqa: S608  # constants

# Tasks whose time is up and that nobody holds; a holder ends its own.
_EXPIRE = f"""
WITH due AS (
    SELECT task_id FROM orchestrator.tasks
    WHERE status = {Status.PROCESSING} AND lease_until < clock_timestamp() AND deadline_at < clock_timestamp()
    UNION ALL
    SELECT task_id FROM orchestrator.tasks
    WHERE status = {Status.QUEUED} AND created_at < clock_timestamp() - make_interval(secs => %(queue_limit)s)
    LIMIT %(limit)s
), t AS (
    UPDATE orchestrator.tasks AS t SET
        status = {Status.FAILED}, last_sequence = t.last_sequence + 1, error = %(error)s::jsonb,
        lease_owner = NULL, lease_until = NULL,
        finished_at = clock_timestamp(), updated_at = clock_timestamp()
    FROM due WHERE t.task_id = due.task_id AND t.status = ANY(%(sources)s::smallint[])
        AND (t.lease_until IS NULL OR t.lease_until < clock_timestamp())
    RETURNING t.task_id, t.last_sequence
), event AS (
    INSERT INTO orchestrator.task_events (task_id, sequence, type, data)
    SELECT task_id, last_sequence, {EventType.TASK_FAILED}, %(data)s::jsonb FROM t
), ended AS (
    UPDATE orchestrator.steps AS s SET state = {StepState.CANCELLED}, finished_at = clock_timestamp()
    FROM t WHERE s.task_id = t.task_id AND s.state = ANY(%(step_sources)s::smallint[])
)
SELECT task_id FROM t"""  # noqa: S608  # constants

# A bounded number at once: what gathered while nobody swept must not be more than one transaction can fold.
_FOLD = """
WITH moved AS (
    DELETE FROM orchestrator.task_count_deltas
    WHERE ctid = ANY(array(SELECT ctid FROM orchestrator.task_count_deltas LIMIT 20000))
    RETURNING tenant, status, priority, delta
)
INSERT INTO orchestrator.task_counts AS c (tenant, status, priority, tasks)
SELECT tenant, status, priority, sum(delta) FROM moved GROUP BY 1, 2, 3
ON CONFLICT (tenant, status, priority) DO UPDATE SET tasks = c.tasks + excluded.tasks"""

_RETIRE = f"""
WITH old AS (
    DELETE FROM orchestrator.tasks WHERE task_id IN (
        SELECT task_id FROM orchestrator.tasks
        WHERE status >= {Status.COMPLETED}
            AND finished_at < clock_timestamp() - make_interval(secs => %(age)s)
        ORDER BY finished_at LIMIT %(limit)s
    ) RETURNING task_id
), events AS (
    DELETE FROM orchestrator.task_events e USING old WHERE e.task_id = old.task_id
), steps AS (
    DELETE FROM orchestrator.steps s USING old WHERE s.task_id = old.task_id
)
SELECT count(*) FROM old"""  # noqa: S608  # constants

_FORGET_KEYS = """
DELETE FROM orchestrator.idempotency_keys WHERE created_at < clock_timestamp() - interval '24 hours'"""

_FORGET_ARMS = """
DELETE FROM orchestrator.arms a
WHERE a.last_seen_at < clock_timestamp() - make_interval(secs => %(age)s) AND EXISTS (
    SELECT 1 FROM orchestrator.arms b WHERE b.arm_id = a.arm_id AND b.last_seen_at > a.last_seen_at
)"""

_TIMEOUT = TaskError(type=ErrorType.TIMEOUT, message="the task's time was up before it was done")


class SweepStore:
    """The sweeper's statements; each is skipped while another orchestrator sweeps.

    Args:
        pool: the database.
        limits: how old things may get.
    """

    def __init__(self, *, pool: Pool, limits: SweepLimits) -> None:
        self._pool = pool
        self._limits = limits

    async def wake_leaseless(self) -> int:
        """Wake what nobody holds; returns how many."""
        return await self._run(_WAKE_LEASELESS, {"queue": QUEUE, "limit": self._limits.batch})

    async def wake_queued(self) -> int:
        """Wake what waits without a wake-up; returns how many."""
        parameters = {"queue": QUEUE, "limit": self._limits.batch, "age": self._limits.lost_wakeup}
        return await self._run(_WAKE_QUEUED, parameters)

    async def expire(self) -> list[str]:
        """End what is out of time and held by nobody; returns the ids."""
        parameters = {
            "queue_limit": self._limits.queue_limit,
            "limit": self._limits.batch,
            "error": dump(ERROR, _TIMEOUT),
            "data": f'{{"type": "{_TIMEOUT.type.name}", "message": "{_TIMEOUT.message}"}}',
            "sources": task_sources(TaskEvent.FAIL),
            "step_sources": step_sources(StepEvent.CANCEL),
        }
        async with self._alone() as conn:
            if conn is None:
                return []
            return [row[0] for row in await (await conn.execute(_EXPIRE.encode(), parameters)).fetchall()]

    async def fold(self) -> int:
        """Fold the counters' deltas."""
        return await self._run(_FOLD, {})

    async def rescue_jobs(self) -> int:
        """Remove dead workers' wake-ups and wake their tasks again; returns how many."""
        return await self._run(_RESCUE_JOBS, {"queue": QUEUE, "age": self._limits.dead_worker})

    async def retire(self) -> int:
        """Remove one batch of terminal tasks that are too old, with their steps and events."""
        parameters = {"age": self._limits.retention, "limit": self._limits.batch}
        async with self._alone() as conn:
            row = (
                None if conn is None else await (await conn.execute(_RETIRE.encode(), parameters)).fetchone()
            )
        return row[0] if row else 0

    async def forget_keys(self) -> int:
        """Remove idempotency keys that are too old."""
        return await self._run(_FORGET_KEYS, {})

    async def forget_arms(self) -> int:
        """Remove silent instances that others of their kind replaced."""
        return await self._run(_FORGET_ARMS, {"age": self._limits.silent_arm})

    async def _run(self, statement: str, parameters: Mapping[str, object]) -> int:
        async with self._alone() as conn:
            return 0 if conn is None else (await conn.execute(statement.encode(), parameters)).rowcount

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[Connection | None]:
        async with transaction(self._pool) as conn:
            row = await (await conn.execute(_ALONE)).fetchone()
            yield conn if row and row[0] else None
