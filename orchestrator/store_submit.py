"""Stores new tasks: the row, its first event and its wake-up in one statement, the key beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from psycopg.rows import dict_row

from orchestrator.model.event import EventType
from orchestrator.model.task import Phase, Status, Task, TaskSpec
from orchestrator.rows import ANY, SPEC, TASK_COLUMNS, dump, task_of
from orchestrator.wakeups import QUEUE, WAKE
from servicekit.database import Connection, Pool, connection, transaction
from servicekit.errors import ConflictError
from servicekit.principal import Principal

KEPT = "24 hours"
"""How long an idempotency key is kept."""

_FIND_KEY = f"""
SELECT fingerprint, task_id FROM orchestrator.idempotency_keys
WHERE tenant = %(tenant)s AND subject = %(subject)s AND key = %(key)s
    AND created_at > clock_timestamp() - interval '{KEPT}'"""  # noqa: S608  # a constant

# Waits for a concurrent submit under the same key to commit or to fail; a key that is too old is taken over.
_CLAIM_KEY = f"""
INSERT INTO orchestrator.idempotency_keys AS k (tenant, subject, key, fingerprint, task_id)
VALUES (%(tenant)s, %(subject)s, %(key)s, %(fingerprint)s, %(task_id)s)
ON CONFLICT (tenant, subject, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, task_id = excluded.task_id, created_at = excluded.created_at
    WHERE k.created_at <= clock_timestamp() - interval '{KEPT}'
RETURNING task_id"""  # noqa: S608  # a constant

_QUEUED = f"""
SELECT coalesce(sum(n), 0)::bigint FROM (
    SELECT tasks AS n FROM orchestrator.task_counts WHERE tenant = %(tenant)s AND status = {Status.QUEUED}
    UNION ALL
    SELECT delta FROM orchestrator.task_count_deltas WHERE tenant = %(tenant)s AND status = {Status.QUEUED}
) AS counts"""  # noqa: S608  # constants

_INSERT = f"""
WITH t AS (
    INSERT INTO orchestrator.tasks
        (task_id, tenant, subject, status, priority, phase, max_seconds, request_id, last_sequence, spec,
        own_findings, trace_context, callback_url)
    VALUES (%(task_id)s, %(tenant)s, %(subject)s, {Status.QUEUED}, %(priority)s, {Phase.PREPROCESSING},
            %(max_seconds)s, %(request_id)s, 1, %(spec)s::jsonb, %(own_findings)s::text[],
            %(trace_context)s::jsonb, %(callback_url)s)
    RETURNING *
), event AS (
    INSERT INTO orchestrator.task_events (task_id, sequence, type, created_at)
    SELECT task_id, 1, {EventType.TASK_QUEUED}, created_at FROM t
), job AS (
    {WAKE}
)
SELECT {TASK_COLUMNS} FROM t"""  # noqa: S608  # constants


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task to store.

    Attributes:
        task_id: a fresh one.
        owner: whose it is.
        spec: checked, redacted, complete.
        request_id: of the request that submits it.
        idempotency_key: empty for none.
        fingerprint: a keyed hash of the spec as it was sent.
        own_findings: keyed hashes of the personal data that the spec holds.
        trace_context: of that request, as it travels; empty outside of a trace.
    """

    task_id: str
    owner: Principal
    spec: TaskSpec
    request_id: str
    idempotency_key: str = ""
    fingerprint: bytes = b""
    own_findings: frozenset[str] = frozenset()
    trace_context: Mapping[str, str] = field(default_factory=dict[str, str])


class SubmitStore:
    """Stores new tasks.

    Args:
        pool: the database.
    """

    def __init__(self, *, pool: Pool) -> None:
        self._pool = pool

    async def hash_key(self) -> bytes:
        """The installation's key for keyed hashes."""
        async with connection(self._pool) as conn:
            row = await (await conn.execute("SELECT hash_key FROM orchestrator.installation")).fetchone()
        return bytes(row[0]) if row else b""

    async def earlier(self, *, owner: Principal, key: str, fingerprint: bytes) -> str | None:
        """The task that was submitted under `key`, if any.

        Raises:
            ConflictError: it was submitted with another spec.
        """
        async with connection(self._pool) as conn:
            return await _earlier(conn, owner=owner, key=key, fingerprint=fingerprint)

    async def queued(self, *, tenant: str) -> int:
        """How many tasks of the tenant are queued."""
        async with connection(self._pool) as conn:
            row = await (await conn.execute(_QUEUED.encode(), {"tenant": tenant})).fetchone()
        return row[0] if row else 0

    async def submit(self, new: NewTask) -> Task | str:
        """Store a task durably and wake an orchestrator.

        Returns:
            The stored task, or the id of the one that was submitted under the same key before.

        Raises:
            ConflictError: the key belongs to another spec.
        """
        if not new.idempotency_key:
            async with connection(self._pool) as conn:
                return await _insert(conn, new)
        async with transaction(self._pool) as conn:
            if await _claim(conn, new):
                return await _insert(conn, new)
            found = await _earlier(
                conn, owner=new.owner, key=new.idempotency_key, fingerprint=new.fingerprint
            )
            return found or await _insert(conn, new)


async def _claim(conn: Connection, new: NewTask) -> bool:
    cursor = await conn.execute(
        _CLAIM_KEY.encode(),
        {
            "tenant": new.owner.tenant,
            "subject": new.owner.subject,
            "key": new.idempotency_key,
            "fingerprint": new.fingerprint,
            "task_id": new.task_id,
        },
    )
    return await cursor.fetchone() is not None


async def _earlier(conn: Connection, *, owner: Principal, key: str, fingerprint: bytes) -> str | None:
    cursor = await conn.execute(
        _FIND_KEY.encode(), {"tenant": owner.tenant, "subject": owner.subject, "key": key}
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    if bytes(row[0]) != fingerprint:
        raise ConflictError(
            "this Idempotency-Key was used for another request; use a new key",
            field="Idempotency-Key",
            constraint="must be sent with the same body each time",
            reason="IDEMPOTENCY_KEY_REUSED",
        )
    return str(row[1])


async def _insert(conn: Connection, new: NewTask) -> Task:
    parameters = {
        "task_id": new.task_id,
        "tenant": new.owner.tenant,
        "subject": new.owner.subject,
        "priority": int(new.spec.priority),
        "max_seconds": new.spec.budget.max_time_seconds,
        "request_id": new.request_id,
        "spec": dump(SPEC, new.spec),
        "own_findings": sorted(new.own_findings),
        "trace_context": dump(ANY, dict(new.trace_context)),
        "callback_url": new.spec.callback_url,
        "queue": QUEUE,
    }
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_INSERT.encode(), parameters)
        row = await cursor.fetchone()
    if row is None:
        raise ConflictError("the task was not stored", reason="NOT_STORED")
    return task_of(row)
