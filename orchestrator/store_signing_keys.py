"""The keys that sign capability tokens, in the database; its clock tells which are in force."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from servicekit.capability.claims import LONGEST_CALL
from servicekit.capability.token import Key, key_from_jwk, new_key
from servicekit.database import Connection, Pool, connection, transaction

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('octollm.signing_keys', 0))"

_KEYS = """
SELECT kid, private_key, extract(epoch FROM signs_from)::float8 AS signs_from,
       extract(epoch FROM created_at)::float8 AS created_at
FROM orchestrator.signing_keys ORDER BY signs_from"""

_NOW = "SELECT extract(epoch FROM clock_timestamp())::float8 AS now"

_INSERT = """
INSERT INTO orchestrator.signing_keys (kid, private_key, signs_from)
VALUES (%(kid)s, %(private_key)s, clock_timestamp() + make_interval(secs => %(announce)s))
RETURNING extract(epoch FROM created_at)::float8, extract(epoch FROM signs_from)::float8"""

_DROP_OLDER = """
DELETE FROM orchestrator.signing_keys old USING orchestrator.signing_keys newer
WHERE newer.kid = %(kid)s AND newer.signs_from > old.signs_from"""

_DUE = """
SELECT count(*) = 0 AS first,
       coalesce(max(created_at) < clock_timestamp() - make_interval(secs => %(life)s), true) AS due
FROM orchestrator.signing_keys"""

_RETIRE = """
DELETE FROM orchestrator.signing_keys old USING orchestrator.signing_keys newer
WHERE newer.signs_from > old.signs_from
  AND newer.signs_from < clock_timestamp() - make_interval(secs => %(keep)s)"""


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """One key; its times are seconds since 1970 by the database's clock."""

    kid: str
    key: Key
    created_at: float
    signs_from: float


@dataclass(frozen=True, kw_only=True)
class KeyRules:
    """When keys change; in seconds.

    Attributes:
        life: after which a key gets a successor.
        announce: for which a successor is published before it signs, so that every arm knows it by then.
        keep: for which a key is published after its successor took over; longer than any token lives.
        look: between two looks whether something is to do.
    """

    life: float = 30 * 86_400.0
    announce: float = 90.0
    keep: float = LONGEST_CALL + 300.0
    look: float = 5.0


class SigningKeyStore:
    """Reads and changes the signing keys.

    Args:
        pool: the database.
        rules: when they change.
    """

    def __init__(self, *, pool: Pool, rules: KeyRules) -> None:
        self._pool = pool
        self.rules = rules

    async def now(self) -> float:
        """Seconds since 1970, by the database's clock."""
        async with connection(self._pool) as conn:
            row = await (await conn.execute(_NOW)).fetchone()
        return float(row[0]) if row else 0.0

    async def keys(self) -> Sequence[SigningKey]:
        """All of them, by the time from which they sign."""
        async with connection(self._pool) as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_KEYS)
            return [
                SigningKey(
                    kid=row["kid"],
                    key=key_from_jwk(row["private_key"]),
                    created_at=row["created_at"],
                    signs_from=row["signs_from"],
                )
                for row in await cursor.fetchall()
            ]

    async def rotate(self) -> None:
        """Make the successor that is due, and remove what no token needs any more."""
        async with transaction(self._pool) as conn:
            await conn.execute(_LOCK)
            row = await (await conn.execute(_DUE, {"life": self.rules.life})).fetchone()
            first, due = row or (False, False)
            if due:
                await _insert(conn, announce=0.0 if first else self.rules.announce)
            await conn.execute(_RETIRE, {"keep": self.rules.keep})

    async def add(self, *, announce: float) -> SigningKey:
        """Make a successor, due or not, that signs after so many seconds."""
        async with transaction(self._pool) as conn:
            await conn.execute(_LOCK)
            return await _insert(conn, announce=announce)

    async def drop_older(self, kid: str) -> None:
        """Remove every key that began to sign before this one."""
        async with transaction(self._pool) as conn:
            await conn.execute(_LOCK)
            await conn.execute(_DROP_OLDER, {"kid": kid})

    def is_due(self, keys: Sequence[SigningKey], *, now: float) -> bool:
        """Whether `rotate` has something to do, as far as these keys tell."""
        if not keys or max(key.created_at for key in keys) < now - self.rules.life:
            return True
        return any(newer.signs_from < now - self.rules.keep for newer in keys[1:])


async def _insert(conn: Connection, *, announce: float) -> SigningKey:
    kid, key = secrets.token_hex(8), new_key()
    parameters = {"kid": kid, "private_key": Jsonb(dict(key.as_dict(private=True))), "announce": announce}
    row = await (await conn.execute(_INSERT, parameters)).fetchone()
    created_at, signs_from = row or (0.0, 0.0)  # RETURNING of one row gives one
    return SigningKey(kid=kid, key=key, created_at=created_at, signs_from=signs_from)
