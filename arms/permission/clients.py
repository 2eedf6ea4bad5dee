"""What the check of tokens needs of the orchestrator, over gRPC: the keys, and the audit log."""

import asyncio
import logging
from collections import deque
from typing import Any

import grpc
import orjson
from octollm.orchestrator.v1 import (
    capability_pb2,
    capability_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
)

from arms.permission.audit import ACTION, Refusal, log_refusal
from arms.permission.keys import Published
from servicekit.capability.token import key_from_jwk
from servicekit.errors import OctoError, UnavailableError
from servicekit.principal import current_principal
from servicekit.request_id import current_request_id

_LOG = logging.getLogger(__name__)

_MOST_RECORDS = 2000
"""Records that wait while the orchestrator is away; the oldest go first, and stay in the log."""

_BATCH = 200
_PAUSE = 1.0


class GrpcKeys:
    """Fetches the keys.

    Args:
        channel: to the orchestrator.
    """

    def __init__(self, *, channel: grpc.aio.Channel) -> None:
        self._stub = capability_pb2_grpc.CapabilityServiceStub(channel)

    async def fetch(self) -> Published:
        """The keys and the time now.

        Raises:
            OctoError: the orchestrator is away, or what it says is no key set.
        """
        told = await self._stub.ListVerificationKeys(capability_pb2.ListVerificationKeysRequest())
        try:
            found: list[dict[str, Any]] = orjson.loads(told.jwks_json)["keys"]
            keys = {str(jwk["kid"]): key_from_jwk(jwk) for jwk in found}
        except (ValueError, KeyError, TypeError) as error:
            raise UnavailableError("the orchestrator published no key set") from error
        return Published(keys=keys, now=told.now.seconds + told.now.nanos / 1e9)


class GrpcAudit:
    """Writes refusals into the log at once, and into the audit log as soon as the orchestrator takes them.

    Args:
        channel: to the orchestrator.
        pause: seconds before it is asked again after it was away.
    """

    def __init__(self, *, channel: grpc.aio.Channel, pause: float = _PAUSE) -> None:
        self._stub = identity_pb2_grpc.IdentityServiceStub(channel)
        self._pause = pause
        self._waiting: deque[identity_pb2.AuditRecord] = deque(maxlen=_MOST_RECORDS)
        self._more = asyncio.Event()

    def refused(self, refusal: Refusal) -> None:
        """Write one down."""
        log_refusal(refusal)
        principal = current_principal()
        self._waiting.append(
            identity_pb2.AuditRecord(  # without a time: this machine's clock may be what is wrong
                tenant=principal.tenant,
                subject=principal.subject,
                action=ACTION,
                object=f"{refusal.instance_id}/{refusal.act}/{refusal.task_id}"[:255],
                outcome="refused",
                reason=refusal.reason,
                request_id=current_request_id(),
            )
        )
        self._more.set()

    async def follow(self) -> None:
        """Bring records to the orchestrator until cancelled."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._waiting:
                await self._bring()

    async def _bring(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        try:
            await self._stub.RecordAudit(identity_pb2.RecordAuditRequest(records=batch))
        except UnavailableError:
            self._waiting.extendleft(reversed(batch[: _MOST_RECORDS - len(self._waiting)]))
            await asyncio.sleep(self._pause)
        except OctoError:
            _LOG.exception("the audit log did not take records of refused calls")
