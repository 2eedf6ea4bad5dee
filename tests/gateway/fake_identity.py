"""An IdentityService in memory: keys that a test hands out, every record of the audit log."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from octollm.orchestrator.v1 import identity_pb2, identity_pb2_grpc

from servicekit.errors import NotFoundError, UnauthenticatedError, UnavailableError


@dataclass
class Identity(identity_pb2_grpc.IdentityServiceServicer):
    """Keys and records.

    Attributes:
        keys: by the whole key, whom it stands for.
        records: what was audited.
        verified: how often a key was asked for.
        recorded: set once something was audited.
        away: whether it answers UNAVAILABLE to who asks for a key.
    """

    keys: dict[str, identity_pb2.ApiKey] = field(default_factory=dict[str, identity_pb2.ApiKey])
    records: list[identity_pb2.AuditRecord] = field(default_factory=list[identity_pb2.AuditRecord])
    verified: int = 0
    recorded: asyncio.Event = field(default_factory=asyncio.Event)
    away: bool = False

    async def audited(self, reason: str) -> None:
        """Wait until something was audited for this reason."""
        async with asyncio.timeout(10):
            while all(record.reason != reason for record in self.records):
                self.recorded.clear()
                await self.recorded.wait()

    def add(self, subject: str, *roles: str, tenant: str = "acme") -> str:
        """Make a key; the whole of it."""
        key_id = f"k{len(self.keys):015d}"
        whole = f"octo_{key_id}_{'s' * 43}"
        key = identity_pb2.ApiKey(key_id=key_id, tenant=tenant, subject=subject, roles=roles)
        key.created_at.GetCurrentTime()
        self.keys[whole] = key
        return whole

    async def CreateApiKey(
        self, request: identity_pb2.CreateApiKeyRequest, context: Any
    ) -> identity_pb2.CreateApiKeyResponse:
        whole = self.add(request.subject, *request.roles, tenant=request.tenant)
        key = self.keys[whole]
        key.label = request.label
        if request.HasField("expires_at"):
            key.expires_at.CopyFrom(request.expires_at)
        return identity_pb2.CreateApiKeyResponse(api_key=key, secret=whole)

    async def ListApiKeys(
        self, request: identity_pb2.ListApiKeysRequest, context: Any
    ) -> identity_pb2.ListApiKeysResponse:
        its = [it for it in self.keys.values() if it.tenant == request.tenant]
        return identity_pb2.ListApiKeysResponse(api_keys=its[: request.page_size], total_items=len(its))

    async def RevokeApiKey(
        self, request: identity_pb2.RevokeApiKeyRequest, context: Any
    ) -> identity_pb2.RevokeApiKeyResponse:
        for key in self.keys.values():
            if key.key_id == request.key_id:
                key.revoked_at.GetCurrentTime()
                return identity_pb2.RevokeApiKeyResponse(api_key=key)
        raise NotFoundError("there is no such key", field="key_id")

    async def VerifyApiKey(
        self, request: identity_pb2.VerifyApiKeyRequest, context: Any
    ) -> identity_pb2.VerifyApiKeyResponse:
        if self.away:
            raise UnavailableError("away")
        self.verified += 1
        key = self.keys.get(request.secret)
        if key is None or key.HasField("revoked_at"):
            raise UnauthenticatedError("no", reason="API_KEY_UNKNOWN" if key is None else "API_KEY_REVOKED")
        return identity_pb2.VerifyApiKeyResponse(api_key=key)

    async def RecordAudit(
        self, request: identity_pb2.RecordAuditRequest, context: Any
    ) -> identity_pb2.RecordAuditResponse:
        self.records.extend(request.records)
        self.recorded.set()
        return identity_pb2.RecordAuditResponse()

    async def ListAudit(
        self, request: identity_pb2.ListAuditRequest, context: Any
    ) -> identity_pb2.ListAuditResponse:
        return identity_pb2.ListAuditResponse(records=self.records[:1], total_items=len(self.records))
