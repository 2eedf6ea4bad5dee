"""The rows of deliveries: taken up for a while, removed when nothing is left to do."""

from typing import Any

from psycopg.rows import dict_row

from orchestrator.model.task import Status
from orchestrator.rows import Row
from orchestrator.webhooks.delivery import Delivery
from servicekit.database import Pool, connection

_CLAIM = """
UPDATE orchestrator.webhooks AS w SET
    attempts = w.attempts + 1, due_at = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE w.delivery_id IN (
    SELECT delivery_id FROM orchestrator.webhooks WHERE due_at <= clock_timestamp()
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING w.delivery_id, w.task_id, w.tenant, w.status, w.url, w.request_id, w.trace_context, w.attempts,
    w.created_at, extract(epoch FROM clock_timestamp() - w.created_at)::float8 AS age"""

# Only by who took it up last: the attempt fences one that was taken for dead.
_MINE = "delivery_id = %(delivery_id)s AND attempts = %(attempts)s"

_DELETE = f"DELETE FROM orchestrator.webhooks WHERE {_MINE}"  # noqa: S608  # constants

_LATER = f"""
UPDATE orchestrator.webhooks SET due_at = clock_timestamp() + make_interval(secs => %(pause)s)
WHERE {_MINE}"""  # noqa: S608  # constants


class WebhookStore:
    """Keeps deliveries.

    Args:
        pool: the database.
    """

    def __init__(self, *, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, *, limit: int, lease: float) -> list[Delivery]:
        """Take up what is due; nobody else does for so many seconds."""
        async with connection(self._pool) as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_CLAIM.encode(), {"limit": limit, "lease": lease})
            rows = await cursor.fetchall()
        return [_delivery(row) for row in rows]

    async def remove(self, delivery: Delivery) -> None:
        """It was delivered, or is given up."""
        await self._run(_DELETE, delivery)

    async def later(self, delivery: Delivery, *, pause: float) -> None:
        """Try again after so many seconds."""
        await self._run(_LATER, delivery, pause=pause)

    async def _run(self, statement: str, delivery: Delivery, **more: float) -> None:
        parameters = {"delivery_id": delivery.delivery_id, "attempts": delivery.attempts, **more}
        async with connection(self._pool) as conn:
            await conn.execute(statement.encode(), parameters)


def _delivery(row: Row) -> Delivery:
    values: dict[str, Any] = {**row, "status": Status(row["status"])}
    return Delivery(**values)
