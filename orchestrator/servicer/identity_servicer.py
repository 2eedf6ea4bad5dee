"""IdentityService: proto in, call, proto out; only the gateway and the command line may call it."""

from datetime import UTC, datetime
from typing import Any, cast

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from octollm.orchestrator.v1 import identity_pb2, identity_pb2_grpc

from orchestrator.identity.api_keys import ApiKeys, NewKey
from orchestrator.identity.audit import Audit
from orchestrator.identity.model import ApiKey, AuditRecord, Outcome
from orchestrator.servicer.callers import ARMS, COMMAND_LINE, GATEWAY, only
from orchestrator.servicer.requests import DEFAULT_PAGE_SIZE
from servicekit.principal import current_principal

Context = grpc.aio.ServicerContext[Any, Any]


class IdentityServicer(identity_pb2_grpc.IdentityServiceServicer):
    """Serves API keys and the audit log.

    Args:
        keys: the keys.
        audit: the log.
    """

    def __init__(self, *, keys: ApiKeys, audit: Audit) -> None:
        self._keys = keys
        self._audit = audit

    async def CreateApiKey(
        self, request: identity_pb2.CreateApiKeyRequest, context: Context
    ) -> identity_pb2.CreateApiKeyResponse:
        """Make a key."""
        only(GATEWAY, COMMAND_LINE)
        new = NewKey(
            tenant=request.tenant,
            subject=request.subject,
            roles=tuple(request.roles),
            label=request.label,
            expires_at=_time(request, "expires_at"),
        )
        key, whole = await self._keys.create(new, by=current_principal())
        return identity_pb2.CreateApiKeyResponse(api_key=_key_to(key), secret=whole)

    async def ListApiKeys(
        self, request: identity_pb2.ListApiKeysRequest, context: Context
    ) -> identity_pb2.ListApiKeysResponse:
        """One page of keys."""
        only(GATEWAY, COMMAND_LINE)
        keys, total = await self._keys.page(
            tenant=request.tenant,
            page=request.page or 1,
            page_size=request.page_size or DEFAULT_PAGE_SIZE,
            by=current_principal(),
        )
        return identity_pb2.ListApiKeysResponse(api_keys=map(_key_to, keys), total_items=total)

    async def RevokeApiKey(
        self, request: identity_pb2.RevokeApiKeyRequest, context: Context
    ) -> identity_pb2.RevokeApiKeyResponse:
        """End a key."""
        only(GATEWAY, COMMAND_LINE)
        key = await self._keys.revoke(request.key_id, by=current_principal())
        return identity_pb2.RevokeApiKeyResponse(api_key=_key_to(key))

    async def VerifyApiKey(
        self, request: identity_pb2.VerifyApiKeyRequest, context: Context
    ) -> identity_pb2.VerifyApiKeyResponse:
        """Whom a key stands for."""
        only(GATEWAY)
        return identity_pb2.VerifyApiKeyResponse(api_key=_key_to(await self._keys.verify(request.secret)))

    async def RecordAudit(
        self, request: identity_pb2.RecordAuditRequest, context: Context
    ) -> identity_pb2.RecordAuditResponse:
        """Add records to the log."""
        only(GATEWAY, ARMS)
        await self._audit.append([_record_from(record) for record in request.records])
        return identity_pb2.RecordAuditResponse()

    async def ListAudit(
        self, request: identity_pb2.ListAuditRequest, context: Context
    ) -> identity_pb2.ListAuditResponse:
        """One page of the log."""
        only(GATEWAY, COMMAND_LINE)
        records, total = await self._audit.page(
            tenant=request.tenant,
            after=_time(request, "created_after"),
            outcome=cast("Outcome | None", request.outcome or None),
            page=request.page or 1,
            page_size=request.page_size or DEFAULT_PAGE_SIZE,
            by=current_principal(),
        )
        return identity_pb2.ListAuditResponse(records=map(_record_to, records), total_items=total)


def _time(message: Any, field: str) -> datetime | None:
    return getattr(message, field).ToDatetime(tzinfo=UTC) if message.HasField(field) else None


def _stamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def _key_to(key: ApiKey) -> identity_pb2.ApiKey:
    return identity_pb2.ApiKey(
        key_id=key.key_id,
        tenant=key.tenant,
        subject=key.subject,
        roles=key.roles,
        label=key.label,
        created_at=_stamp(key.created_at),
        expires_at=_stamp(key.expires_at),
        revoked_at=_stamp(key.revoked_at),
        last_used_at=_stamp(key.last_used_at),
    )


def _record_from(message: identity_pb2.AuditRecord) -> AuditRecord:
    return AuditRecord(
        tenant=message.tenant,
        subject=message.subject,
        action=message.action,
        object=message.object,
        outcome=cast("Outcome", message.outcome),
        reason=message.reason,
        request_id=message.request_id,
        address=message.address,
        created_at=_time(message, "created_at"),
    )


def _record_to(record: AuditRecord) -> identity_pb2.AuditRecord:
    return identity_pb2.AuditRecord(
        created_at=_stamp(record.created_at),
        tenant=record.tenant,
        subject=record.subject,
        action=record.action,
        object=record.object,
        outcome=record.outcome,
        reason=record.reason,
        request_id=record.request_id,
        address=record.address,
    )
