"""The audit log as it is written, read and forgotten."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from orchestrator.identity.api_keys import MANAGE
from orchestrator.identity.audit_store import AuditStore
from orchestrator.identity.model import AuditRecord, Outcome
from servicekit.errors import PermissionDeniedError, UnavailableError
from servicekit.principal import Principal

_LOG = logging.getLogger(__name__)


class Audit:
    """The audit log of all tenants.

    Args:
        store: where it is kept.
        retention_seconds: how long a record is kept.
        interval: seconds between sweeps.
        batch: records that one transaction removes.
    """

    def __init__(
        self, *, store: AuditStore, retention_seconds: float, interval: float = 60.0, batch: int = 1000
    ) -> None:
        self._store = store
        self._retention = retention_seconds
        self._interval = interval
        self._batch = batch

    async def append(self, records: Sequence[AuditRecord]) -> None:
        """Add records durably."""
        await self._store.append(records)

    async def page(
        self,
        *,
        tenant: str,
        after: datetime | None,
        outcome: Outcome | None,
        page: int,
        page_size: int,
        by: Principal,
    ) -> tuple[list[AuditRecord], int]:
        """One page of a tenant's records, newest first.

        Raises:
            PermissionDeniedError: `by` may not read them.
        """
        if not by.may(MANAGE) or by.tenant != tenant:
            raise PermissionDeniedError(
                f"the scope {MANAGE} is needed", reason="SCOPE_MISSING", metadata={"scope": MANAGE}
            )
        return await self._store.page(
            tenant=tenant, after=after, outcome=outcome, page=page, page_size=page_size
        )

    async def forget(self) -> None:
        """Forget what is old, batch by batch: no transaction is long."""
        forgotten = self._batch
        while forgotten == self._batch:
            forgotten = await self._store.forget(age_seconds=self._retention, batch=self._batch)

    async def sweep(self) -> None:
        """Forget what is old, again and again, until cancelled."""
        while True:
            try:
                await self.forget()
            except UnavailableError:
                _LOG.debug("the audit log waits for the database")
            await asyncio.sleep(self._interval)
