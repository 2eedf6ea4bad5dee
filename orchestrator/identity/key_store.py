"""Rows of API keys; what changes one is audited in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from orchestrator.identity.audit_store import write_audit
from orchestrator.identity.model import ApiKey, AuditRecord
from servicekit.database import Pool, connection, transaction

_COLUMNS = "key_id, tenant, subject, roles, label, created_at, expires_at, revoked_at, last_used_at"

_INSERT = f"""
INSERT INTO identity.api_keys (key_id, tenant, subject, roles, label, digest, expires_at)
SELECT %(key_id)s, %(tenant)s, %(subject)s, %(roles)s::text[], %(label)s, %(digest)s, %(expires_at)s
WHERE %(expires_at)s::timestamptz IS NULL OR %(expires_at)s > clock_timestamp()
RETURNING {_COLUMNS}"""  # constants

# A key that was revoked before keeps its time.
_REVOKE = f"""
UPDATE identity.api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp())
WHERE key_id = %(key_id)s AND tenant = %(tenant)s RETURNING {_COLUMNS}"""  # noqa: S608  # constants

_PAGE = f"""
SELECT {_COLUMNS} FROM identity.api_keys WHERE tenant = %(tenant)s
ORDER BY created_at DESC, key_id DESC OFFSET %(offset)s LIMIT %(size)s"""  # noqa: S608  # constants

_TOTAL = "SELECT count(*) FROM identity.api_keys WHERE tenant = %(tenant)s"

_FIND = f"""
SELECT {_COLUMNS}, digest, coalesce(expires_at <= clock_timestamp(), false) AS expired,
    coalesce(last_used_at < clock_timestamp() - interval '1 minute', true) AS stale
FROM identity.api_keys WHERE key_id = %(key_id)s"""  # noqa: S608  # constants

_TOUCH = "UPDATE identity.api_keys SET last_used_at = clock_timestamp() WHERE key_id = %(key_id)s"


@dataclass(frozen=True, kw_only=True)
class FoundKey:
    """A key as it is stored.

    Attributes:
        key: what it stands for.
        digest: the keyed hash of the whole key.
        expired: whether its time is over, by the database's clock.
        stale: whether its last use is more than a minute old.
    """

    key: ApiKey
    digest: bytes
    expired: bool
    stale: bool


class KeyStore:
    """Keeps API keys.

    Args:
        pool: the database.
    """

    def __init__(self, *, pool: Pool) -> None:
        self._pool = pool

    async def pepper(self) -> bytes:
        """The installation's own pepper."""
        async with connection(self._pool) as conn:
            row = await (await conn.execute("SELECT pepper FROM identity.installation")).fetchone()
        return bytes(row[0]) if row else b""

    async def insert(self, new: Mapping[str, Any], *, audit: AuditRecord) -> ApiKey | None:
        """Store a key; None when its time would be over already."""
        return await self._changed(_INSERT, new, audit=audit)

    async def revoke(self, *, key_id: str, tenant: str, audit: AuditRecord) -> ApiKey | None:
        """End a key of the tenant's; None when there is none."""
        return await self._changed(_REVOKE, {"key_id": key_id, "tenant": tenant}, audit=audit)

    async def page(self, *, tenant: str, page: int, page_size: int) -> tuple[list[ApiKey], int]:
        """One page of a tenant's keys, newest first, and how many there are."""
        wanted = {"tenant": tenant, "offset": (page - 1) * page_size, "size": page_size}
        async with connection(self._pool) as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_TOTAL, wanted)
            total = int((await cursor.fetchone() or {"count": 0})["count"])
            await cursor.execute(_PAGE.encode(), wanted)
            return [_key(row) for row in await cursor.fetchall()], total

    async def find(self, key_id: str) -> FoundKey | None:
        """A key by its public part."""
        async with connection(self._pool) as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_FIND.encode(), {"key_id": key_id})
            row = await cursor.fetchone()
        if row is None:
            return None
        digest, expired, stale = bytes(row.pop("digest")), row.pop("expired"), row.pop("stale")
        return FoundKey(key=_key(row), digest=digest, expired=expired, stale=stale)

    async def touch(self, key_id: str) -> None:
        """Note that a key was used now."""
        async with connection(self._pool) as conn:
            await conn.execute(_TOUCH, {"key_id": key_id})

    async def _changed(
        self, statement: str, parameters: Mapping[str, Any], *, audit: AuditRecord
    ) -> ApiKey | None:
        async with transaction(self._pool) as conn:
            async with conn.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(statement.encode(), parameters)
                row = await cursor.fetchone()
            if row is None:
                return None
            await write_audit(conn, [audit])
        return _key(row)


def _key(row: Mapping[str, Any]) -> ApiKey:
    values: dict[str, Any] = {**row, "roles": tuple(row["roles"])}
    return ApiKey(**values)
