"""The audit trail: what was done and refused goes to the orchestrator's log, beside the requests."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from octollm.orchestrator.v1 import identity_pb2

from servicekit.errors import OctoError
from servicekit.metrics import Metrics
from servicekit.principal import ANONYMOUS, Principal, current_principal
from servicekit.request_id import current_request_id

if TYPE_CHECKING:  # exists in the stubs' types only
    from octollm.orchestrator.v1.identity_pb2_grpc import IdentityServiceAsyncStub

log = logging.getLogger(__name__)

MOST_WAITING = 5000
_BATCH = 200
_GATHER_SECONDS = 0.1
_PAUSE_SECONDS = 1.0
_SEND_SECONDS = 5.0
_FAREWELL_SECONDS = 2.0
_LONGEST_OBJECT = 255


class AuditTrail:
    """Takes records without making anybody wait; what does not fit is counted and told in the log.

    Args:
        identity: where records go; None keeps no trail, as while authentication is off.
        metrics: where lost records are counted.
    """

    def __init__(self, *, identity: "IdentityServiceAsyncStub | None", metrics: Metrics) -> None:
        self._identity = identity
        self._waiting: asyncio.Queue[identity_pb2.AuditRecord] = asyncio.Queue(MOST_WAITING)
        self._lost = metrics.counter("octollm_audit_lost", "Audit records that there was no room for.")
        self._sending: list[identity_pb2.AuditRecord] = []

    def allowed(self, action: str, *, object_id: str) -> None:
        """Note what the current principal did."""
        self._add(action, outcome="allowed", principal=current_principal(), object_id=object_id)

    def refused(
        self, action: str, *, reason: str, principal: Principal | None, object_id: str, address: str
    ) -> None:
        """Note what was refused.

        Args:
            action: what was asked for.
            reason: why it was refused.
            principal: who asked; None where that is not known.
            object_id: on what.
            address: the client's.
        """
        self._add(
            action,
            outcome="refused",
            principal=principal,
            object_id=object_id,
            reason=reason,
            address=address,
        )

    def _add(
        self,
        action: str,
        *,
        outcome: str,
        principal: Principal | None,
        object_id: str,
        reason: str = "",
        address: str = "",
    ) -> None:
        if self._identity is None:
            return
        record = identity_pb2.AuditRecord(
            # Who is not known belongs to no tenant: the installation's own keeps it.
            tenant=principal.tenant if principal else ANONYMOUS.tenant,
            subject=principal.subject if principal else "",
            action=action,
            object=object_id[:_LONGEST_OBJECT],
            outcome=outcome,
            reason=reason,
            request_id=current_request_id(),
            address=address,
        )
        record.created_at.FromNanoseconds(time.time_ns())
        try:
            self._waiting.put_nowait(record)
        except asyncio.QueueFull:
            self._lost.inc()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send records while the block runs, and what is left at its end."""
        if self._identity is None:
            yield
            return
        task = asyncio.create_task(self._send_all(self._identity), name="audit trail")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            with suppress(OctoError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_SECONDS):
                    while self._take():
                        await self._send(self._identity)

    async def _send_all(self, identity: "IdentityServiceAsyncStub") -> None:
        while True:
            if not self._sending:
                self._sending.append(await self._waiting.get())
                await asyncio.sleep(_GATHER_SECONDS)
            self._take()
            try:
                await self._send(identity)
            except OctoError as error:
                log.warning("audit records wait for the orchestrator: %s", error.message)
                await asyncio.sleep(_PAUSE_SECONDS)

    def _take(self) -> bool:
        """Fill the batch from what waits; whether there is anything to send."""
        while len(self._sending) < _BATCH and not self._waiting.empty():
            self._sending.append(self._waiting.get_nowait())
        return bool(self._sending)

    async def _send(self, identity: "IdentityServiceAsyncStub") -> None:
        batch = list(self._sending)
        await identity.RecordAudit(identity_pb2.RecordAuditRequest(records=batch), timeout=_SEND_SECONDS)
        del self._sending[: len(batch)]
