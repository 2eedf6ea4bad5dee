"""The register of arms in the database: one row an instance; the database's clock tells who is silent."""

from psycopg.rows import dict_row

from orchestrator.bus import ARMS_CHANNEL
from orchestrator.model.arm import ArmDescription, ArmInstance, ArmStatus
from orchestrator.rows import ARM_COLUMNS, DESCRIPTION, arm_of, clean, dump
from servicekit.database import Pool, connection

_REGISTER = f"""
INSERT INTO orchestrator.arms (instance_id, arm_id, status, status_detail, description)
VALUES (%(instance_id)s, %(arm_id)s, %(status)s, %(detail)s, %(description)s::jsonb)
ON CONFLICT (instance_id) DO UPDATE SET
    arm_id = excluded.arm_id, status = excluded.status, status_detail = excluded.status_detail,
    description = excluded.description, registered_at = clock_timestamp(), last_seen_at = clock_timestamp()
RETURNING pg_notify('{ARMS_CHANNEL}', '')"""  # noqa: S608  # a constant

# Only a change of status is told; the others find the signs of life by looking now and then.
_HEARTBEAT = f"""
WITH before AS (
    SELECT instance_id, status FROM orchestrator.arms WHERE instance_id = %(instance_id)s
), beat AS (
    UPDATE orchestrator.arms a SET
        status = %(status)s, status_detail = %(detail)s, running = %(running)s,
        last_seen_at = clock_timestamp()
    FROM before WHERE a.instance_id = before.instance_id RETURNING a.status AS now, before.status AS was
)
SELECT CASE WHEN now <> was THEN pg_notify('{ARMS_CHANNEL}', '') END FROM beat"""  # noqa: S608  # a constant

_DEREGISTER = f"""
DELETE FROM orchestrator.arms WHERE instance_id = %(instance_id)s
RETURNING pg_notify('{ARMS_CHANNEL}', '')"""  # noqa: S608  # a constant

_INSTANCES = f"SELECT {ARM_COLUMNS} FROM orchestrator.arms ORDER BY arm_id, instance_id"  # noqa: S608  # constants


class ArmStore:
    """Reads and writes the register.

    Args:
        pool: the database.
        silence: seconds without a sign of life after which an instance counts as unavailable.
    """

    def __init__(self, *, pool: Pool, silence: float) -> None:
        self._pool = pool
        self._silence = silence

    async def register(
        self, *, instance_id: str, arm: ArmDescription, status: ArmStatus, detail: str
    ) -> None:
        """Make an instance known, or renew what is known of it."""
        parameters = {
            "instance_id": instance_id,
            "arm_id": arm.arm_id,
            "status": int(status),
            "detail": clean(detail),
            "description": dump(DESCRIPTION, arm),
        }
        async with connection(self._pool) as conn:
            await conn.execute(_REGISTER.encode(), parameters)

    async def heartbeat(self, *, instance_id: str, status: ArmStatus, detail: str, running: int) -> bool:
        """Note a sign of life; False when the instance is not known."""
        parameters = {
            "instance_id": instance_id,
            "status": int(status),
            "detail": clean(detail),
            "running": running,
        }
        async with connection(self._pool) as conn:
            return (await conn.execute(_HEARTBEAT.encode(), parameters)).rowcount > 0

    async def deregister(self, *, instance_id: str) -> None:
        """Take an instance out."""
        async with connection(self._pool) as conn:
            await conn.execute(_DEREGISTER.encode(), {"instance_id": instance_id})

    async def instances(self) -> list[ArmInstance]:
        """Every instance, by kind."""
        async with connection(self._pool) as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_INSTANCES.encode(), {"silence": self._silence})
            return [arm_of(row) for row in await cursor.fetchall()]
