"""API keys and the audit log on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.identity.api_keys import ApiKeys, NewKey
from orchestrator.identity.audit import Audit
from orchestrator.identity.audit_store import AuditStore
from orchestrator.identity.key_store import KeyStore
from orchestrator.identity.migrations import SCHEMA, identity_migrations
from orchestrator.identity.model import AuditRecord
from servicekit.database import Pool, connection, open_pool
from servicekit.errors import (
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
    ValidationFailedError,
)
from servicekit.migrate import migrate
from servicekit.principal import Principal

ADMIN = Principal(tenant="acme", subject="root", roles=("admin",))
USER = Principal(tenant="acme", subject="alice", roles=("developer",))
STRANGER = Principal(tenant="other", subject="root", roles=("admin",))
ALICE = NewKey(tenant="acme", subject="alice", roles=("user", "viewer"), label="laptop")


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    await migrate(database_url, schema=SCHEMA, migrations=identity_migrations())
    async with open_pool(database_url, name="test", max_size=2) as it:
        yield it


@pytest.fixture
def keys(pool: Pool) -> ApiKeys:
    return ApiKeys(store=KeyStore(pool=pool))


async def test_a_key_stands_for_its_subject_and_is_nowhere_in_the_database(keys: ApiKeys, pool: Pool) -> None:
    made, whole = await keys.create(ALICE, by=ADMIN)
    assert whole.startswith(f"octo_{made.key_id}_")
    found = await keys.verify(whole)
    assert (found.tenant, found.subject, found.roles) == ("acme", "alice", ("viewer", "user"))
    secret = whole.rpartition("_")[2]
    async with connection(pool) as conn:
        rows = await (await conn.execute("SELECT k::text FROM identity.api_keys k")).fetchall()
    assert secret not in str(rows)
    assert secret.encode().hex() not in str(rows)


async def test_what_is_no_key_is_refused_and_the_reason_is_for_us(keys: ApiKeys, pool: Pool) -> None:
    made, whole = await keys.create(ALICE, by=ADMIN)
    soon = datetime.now(UTC) + timedelta(seconds=30)
    expiring, short_lived = await keys.create(
        NewKey(tenant="acme", subject="bob", roles=("user",), expires_at=soon), by=ADMIN
    )
    async with connection(pool) as conn:
        await conn.execute(
            "UPDATE identity.api_keys SET expires_at = clock_timestamp() WHERE key_id = %s",
            (expiring.key_id,),
        )
    wrong = whole[:-1] + ("a" if whole[-1] != "a" else "b")
    other_id = whole.replace(made.key_id, expiring.key_id)
    bad = [
        "",
        "octo_",
        "octo_a_b",
        whole.upper(),
        wrong,
        other_id,
        whole + "\n",
        f" {whole}",
        "octo_é_" + "a" * 43,
    ]
    for presented in bad:
        with pytest.raises(UnauthenticatedError) as caught:
            await keys.verify(presented)
        assert caught.value.reason == "API_KEY_UNKNOWN", presented
    with pytest.raises(UnauthenticatedError) as caught:
        await keys.verify(short_lived)
    assert caught.value.reason == "API_KEY_EXPIRED"
    await keys.revoke(made.key_id, by=ADMIN)
    with pytest.raises(UnauthenticatedError) as caught:
        await keys.verify(whole)
    assert caught.value.reason == "API_KEY_REVOKED"


async def test_another_pepper_refuses_keys_made_before(keys: ApiKeys, pool: Pool) -> None:
    _, whole = await keys.create(ALICE, by=ADMIN)
    with pytest.raises(UnauthenticatedError):
        await ApiKeys(store=KeyStore(pool=pool), pepper=b"another").verify(whole)
    assert await ApiKeys(store=KeyStore(pool=pool)).verify(whole)


@pytest.mark.parametrize("by", [USER, STRANGER, Principal(tenant="acme", subject="x")])
async def test_only_an_admin_of_the_tenant_manages_its_keys(keys: ApiKeys, by: Principal) -> None:
    made, whole = await keys.create(ALICE, by=ADMIN)
    with pytest.raises(PermissionDeniedError):
        await keys.create(ALICE, by=by)
    with pytest.raises(PermissionDeniedError):
        await keys.page(tenant="acme", page=1, page_size=10, by=by)
    with pytest.raises((PermissionDeniedError, NotFoundError)):
        await keys.revoke(made.key_id, by=by)
    assert await keys.verify(whole)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "anonymous"},
        {"subject": "service:gateway"},
        {"subject": "a\nb"},
        {"roles": ()},
        {"roles": ("root",)},
        {"roles": ("user", "root")},
        {"expires_at": datetime.now(UTC) - timedelta(seconds=1)},
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(keys: ApiKeys, change: dict[str, object]) -> None:
    given: dict[str, object] = {"tenant": "acme", "subject": "alice", "roles": ("user",), **change}
    with pytest.raises(ValidationFailedError):
        await keys.create(NewKey(**given), by=ADMIN)  # pyright: ignore[reportArgumentType]  # a table of fields


async def test_changes_are_audited_and_last_use_is_noted(keys: ApiKeys, pool: Pool) -> None:
    made, whole = await keys.create(ALICE, by=ADMIN)
    assert made.last_used_at is None
    await keys.verify(whole)
    async with asyncio.timeout(10):
        while (await keys.page(tenant="acme", page=1, page_size=10, by=ADMIN))[0][0].last_used_at is None:  # noqa: ASYNC110  # noted beside the call
            await asyncio.sleep(0.02)
    first = await keys.revoke(made.key_id, by=ADMIN)
    assert (await keys.revoke(made.key_id, by=ADMIN)).revoked_at == first.revoked_at
    log = Audit(store=AuditStore(pool=pool), retention_seconds=60)
    records, total = await log.page(tenant="acme", after=None, outcome=None, page=1, page_size=2, by=ADMIN)
    assert total == 3
    assert [(it.action, it.object, it.subject) for it in records] == [("key.revoke", made.key_id, "root")] * 2
    with pytest.raises(PermissionDeniedError):
        await log.page(tenant="acme", after=None, outcome=None, page=1, page_size=2, by=USER)


async def test_the_log_is_read_by_page_and_forgotten_in_batches(pool: Pool) -> None:
    store = AuditStore(pool=pool)
    now = datetime.now(UTC)
    ages = [*range(0, 100, 10), *range(1000, 1007)]
    await store.append(
        [
            AuditRecord(
                tenant="acme",
                subject="alice",
                action="task.create",
                outcome="refused" if age % 20 else "allowed",
                object=str(age),
                created_at=now - timedelta(seconds=age),
            )
            for age in ages
        ]
    )
    page, total = await store.page(tenant="acme", page=2, page_size=4)
    assert ([it.object for it in page], total) == (["40", "50", "60", "70"], 17)
    recent, some = await store.page(tenant="acme", after=now - timedelta(seconds=45), outcome="refused")
    assert ([it.object for it in recent], some) == (["10", "30"], 2)
    assert await store.forget(age_seconds=500, batch=3) == 3
    await Audit(store=store, retention_seconds=500, batch=3).forget()
    assert (await store.page(tenant="acme"))[1] == 10
    assert (await store.page(tenant="other"))[1] == 0
