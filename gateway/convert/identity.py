"""API keys and audit records: from the REST request to the proto, and back to the REST shape."""

from datetime import UTC, datetime, timedelta
from typing import Any

from octollm.orchestrator.v1 import identity_pb2 as pb

from gateway.convert.values import instant, instant_of
from gateway.schemas.identity import AuditQuery, KeyRequest


def to_create(request: KeyRequest, *, tenant: str) -> pb.CreateApiKeyRequest:
    """The key that is asked for, as the orchestrator takes it."""
    message = pb.CreateApiKeyRequest(
        tenant=tenant, subject=request.subject, roles=request.roles, label=request.label
    )
    if request.expires_in_days is not None:
        message.expires_at.FromDatetime(datetime.now(UTC) + timedelta(days=request.expires_in_days))
    return message


def to_list_audit(query: AuditQuery, *, tenant: str) -> pb.ListAuditRequest:
    """Which records, as the orchestrator takes it."""
    message = pb.ListAuditRequest(
        tenant=tenant, page=query.page, page_size=query.page_size, outcome=query.outcome or ""
    )
    if query.created_after:
        message.created_after.FromDatetime(query.created_after)
    return message


def key(it: pb.ApiKey) -> dict[str, Any]:
    """A key as callers read it; see `gateway.schemas.identity.Key`."""
    return {
        "key_id": it.key_id,
        "tenant": it.tenant,
        "subject": it.subject,
        "roles": list(it.roles),
        "label": it.label,
        "created_at": instant(it.created_at),
        "expires_at": instant_of(it, "expires_at"),
        "revoked_at": instant_of(it, "revoked_at"),
        "last_used_at": instant_of(it, "last_used_at"),
    }


def audit_record(it: pb.AuditRecord) -> dict[str, Any]:
    """A record as callers read it; see `gateway.schemas.identity.AuditRecord`."""
    return {
        "created_at": instant(it.created_at),
        "tenant": it.tenant,
        "subject": it.subject,
        "action": it.action,
        "object": it.object,
        "outcome": it.outcome,
        "reason": it.reason,
        "request_id": it.request_id,
        "address": it.address,
    }
