"""The values that callers put: kept per tenant, found by key or by text, never mixed with verdicts."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import orjson

from reflex.cache.near import NearTexts
from servicekit.errors import NotFoundError, ValidationFailedError

DEFAULT_TTL = 300
"""Seconds a value is kept when the caller does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """A value as it was put.

    Attributes:
        value_json: any JSON.
        created_at: when it was put.
        expires_at: when it is forgotten.
        hits: how often it was read by key, this read included.
    """

    value_json: str
    created_at: datetime
    expires_at: datetime
    hits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStats:
    """What a store holds.

    Attributes:
        entries: values held now.
        bytes: of this process.
        evictions: values pushed out before their time.
    """

    entries: int
    bytes: int
    evictions: int


class ValueStore(Protocol):
    """Keeps values under names that already carry the tenant."""

    @property
    def backend(self) -> str:
        """``memory`` or ``redis``, as things are now."""
        ...

    async def put(self, name: str, value: StoredValue) -> None:
        """Keep a value until it expires."""
        ...

    async def get(self, name: str) -> StoredValue | None:
        """The value, counted as read; None when absent or expired."""
        ...

    async def delete(self, name: str) -> bool:
        """Forget a value; whether it was there."""
        ...

    async def stats(self) -> StoreStats:
        """What it holds."""
        ...


class Values:
    """The value cache of all tenants.

    Args:
        store: where values are kept.
        on_look_up: told of every look-up whether it found something.
        now: the wall clock.
        near: finds texts that say the same; None asks for exactly the same text.
    """

    def __init__(
        self,
        *,
        store: ValueStore,
        on_look_up: Callable[[bool], None],
        now: Callable[[], datetime],
        near: NearTexts | None = None,
    ) -> None:
        self._store = store
        self._near = near
        self._on_look_up = on_look_up
        self._now = now
        self.hits = 0
        self.misses = 0

    @property
    def backend(self) -> str:
        """Where values are kept now: ``memory`` or ``redis``."""
        return self._store.backend

    async def put(self, *, tenant: str, key: str, value_json: str, ttl: int) -> StoredValue:
        """Keep a value for `ttl` seconds.

        Returns:
            What is kept.

        Raises:
            ValidationFailedError: it is no JSON, and an answer that holds it would be none either.
        """
        _refuse_what_is_no_json(value_json)
        now = self._now()
        value = StoredValue(value_json=value_json, created_at=now, expires_at=now + timedelta(seconds=ttl))
        await self._store.put(_name(tenant=tenant, key=key), value)
        return value

    async def put_text(self, *, tenant: str, text: str, value_json: str, ttl: int) -> tuple[str, StoredValue]:
        """Keep a value for a text.

        Returns:
            The text's key, and what is kept.
        """
        key = text_key(text=text)
        value = await self.put(tenant=tenant, key=key, value_json=value_json, ttl=ttl)
        if self._near is not None:
            self._near.add(tenant=tenant, text=text, key=key, ttl=ttl)
        return key, value

    async def find_text(self, *, tenant: str, text: str) -> tuple[str, StoredValue | None]:
        """The key and the value of a text, or else of one that says the same where that is asked for."""
        key = text_key(text=text)
        value = await self._store.get(_name(tenant=tenant, key=key))
        near = self._near.find(tenant=tenant, text=text) if self._near and value is None else None
        if near is not None and near != key:
            value = await self._store.get(_name(tenant=tenant, key=near))
            key = key if value is None else near
        self._count(found=value is not None)
        return key, value

    async def find(self, *, tenant: str, key: str) -> StoredValue | None:
        """The value, or None; absence is never remembered."""
        value = await self._store.get(_name(tenant=tenant, key=key))
        self._count(found=value is not None)
        return value

    async def get(self, *, tenant: str, key: str) -> StoredValue:
        """The value.

        Raises:
            NotFoundError: absent, expired, or another tenant's.
        """
        value = await self.find(tenant=tenant, key=key)
        if value is None:
            raise _absent(key)
        return value

    async def delete(self, *, tenant: str, key: str) -> None:
        """Forget a value.

        Raises:
            NotFoundError: absent, expired, or another tenant's.
        """
        if not await self._store.delete(_name(tenant=tenant, key=key)):
            raise _absent(key)

    def _count(self, *, found: bool) -> None:
        self._on_look_up(found)
        self.hits += found
        self.misses += not found

    async def stats(self) -> StoreStats:
        """What the store holds."""
        return await self._store.stats()


def text_key(*, text: str) -> str:
    """The key of a text: a hash of its exact characters, case kept."""
    return "text:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def with_hits(value: StoredValue, *, hits: int) -> StoredValue:
    """The value with another count of reads."""
    return StoredValue(
        value_json=value.value_json, created_at=value.created_at, expires_at=value.expires_at, hits=hits
    )


def _name(*, tenant: str, key: str) -> str:
    # The tenant is hashed: whatever it contains, it cannot end where another's key begins.
    return f"{hashlib.sha256(tenant.encode()).hexdigest()[:32]}:{key}"


def _refuse_what_is_no_json(value_json: str) -> None:
    try:
        orjson.loads(value_json)
    except orjson.JSONDecodeError as error:
        raise ValidationFailedError(
            f"the value is not valid JSON: {error}",
            field="value_json",
            constraint="must be valid JSON",
            reason="MALFORMED_JSON",
        ) from None


def _absent(key: str) -> NotFoundError:
    return NotFoundError(
        f"no value is cached under {key!r}", field="key", constraint="must name a live entry"
    )
