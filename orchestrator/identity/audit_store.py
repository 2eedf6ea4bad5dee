"""The audit log: appended in batches, read by page, forgotten when it is old."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from psycopg.rows import dict_row

from orchestrator.identity.model import AuditRecord, Outcome
from servicekit.database import Connection, Pool, connection, transaction

_APPEND = """
INSERT INTO identity.audit
    (created_at, tenant, subject, action, object, outcome, reason, request_id, address)
VALUES (coalesce(%(created_at)s, clock_timestamp()), %(tenant)s, %(subject)s, %(action)s, %(object)s,
    %(outcome)s, %(reason)s, %(request_id)s, %(address)s)"""

_WHICH = """tenant = %(tenant)s
    AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)
    AND (%(after)s::timestamptz IS NULL OR created_at >= %(after)s)"""

_PAGE = f"""
SELECT tenant, subject, action, outcome, object, reason, request_id, address, created_at
FROM identity.audit WHERE {_WHICH}
ORDER BY created_at DESC, audit_id DESC OFFSET %(offset)s LIMIT %(size)s"""  # noqa: S608  # constants

_TOTAL = f"SELECT count(*) FROM identity.audit WHERE {_WHICH}"  # noqa: S608  # constants

_ALONE = "SELECT pg_try_advisory_xact_lock(hashtextextended('octollm.identity.audit', 0))"

_FORGET = """
DELETE FROM identity.audit WHERE audit_id IN (
    SELECT audit_id FROM identity.audit
    WHERE created_at < clock_timestamp() - make_interval(secs => %(age)s)
    ORDER BY created_at LIMIT %(batch)s
)"""


class AuditStore:
    """Keeps audit records.

    Args:
        pool: the database.
    """

    def __init__(self, *, pool: Pool) -> None:
        self._pool = pool

    async def append(self, records: Sequence[AuditRecord]) -> None:
        """Add records, all or none."""
        async with transaction(self._pool) as conn:
            await write_audit(conn, records)

    async def page(
        self,
        *,
        tenant: str,
        after: datetime | None = None,
        outcome: Outcome | None = None,
        page: int = 1,
        page_size: int = 50,
    ) -> tuple[list[AuditRecord], int]:
        """One page of a tenant's records, newest first, and how many there are."""
        wanted = {"tenant": tenant, "after": after, "outcome": outcome}
        async with connection(self._pool) as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_TOTAL.encode(), wanted)
            total = int((await cursor.fetchone() or {"count": 0})["count"])
            shown = {**wanted, "offset": (page - 1) * page_size, "size": page_size}
            await cursor.execute(_PAGE.encode(), shown)
            return [AuditRecord(**row) for row in await cursor.fetchall()], total

    async def forget(self, *, age_seconds: float, batch: int) -> int:
        """Remove at most `batch` records that are older; how many were, 0 while another process does it."""
        async with transaction(self._pool) as conn:
            row = await (await conn.execute(_ALONE)).fetchone()
            if not row or not row[0]:
                return 0
            done = await conn.execute(_FORGET, {"age": age_seconds, "batch": batch})
            return done.rowcount


async def write_audit(conn: Connection, records: Sequence[AuditRecord]) -> None:
    """Add records on an open connection, within its transaction."""
    async with conn.cursor() as cursor:
        await cursor.executemany(_APPEND, [asdict(record) for record in records])
