"""Keys and the audit log over gRPC, in the shapes that REST answers with, and what REST has not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from octollm.orchestrator.v1 import capability_pb2
from octollm.orchestrator.v1 import identity_pb2 as pb
from octollm.orchestrator.v1.capability_pb2_grpc import CapabilityServiceStub
from octollm.orchestrator.v1.identity_pb2_grpc import IdentityServiceStub

from servicekit.channel import open_channel
from servicekit.internal_tokens import InternalTokens
from servicekit.principal import Principal, set_principal
from servicekit.tls import MutualTls

T = TypeVar("T")

_SECONDS = 10.0
_ROTATION_SECONDS = 120.0
"""A key that replaces all others at once is made known first; the answer comes when they are gone."""


class LocalOrchestrator:
    """The orchestrator of this machine, as its operator calls it.

    Args:
        target: where it listens.
        tokens: makes the tokens that it takes; None while authentication is off.
        tenant: whose keys and log.
        tls: what we show to the other side; None for a plain connection.
    """

    def __init__(
        self, *, target: str, tokens: InternalTokens | None, tenant: str, tls: MutualTls | None = None
    ) -> None:
        self._target = target
        self._tokens = tokens
        self._tenant = tenant
        self._tls = tls

    def create_key(
        self, *, subject: str, roles: list[str], label: str, expires_in_days: int | None
    ) -> dict[str, Any]:
        """Make a key."""
        request = pb.CreateApiKeyRequest(tenant=self._tenant, subject=subject, roles=roles, label=label)
        if expires_in_days is not None:
            request.expires_at.FromDatetime(datetime.now(UTC) + timedelta(days=expires_in_days))
        made = self._call(lambda channel: IdentityServiceStub(channel).CreateApiKey(request))
        return {**_told(made.api_key), "secret": made.secret}

    def keys(self, *, page: int, page_size: int) -> dict[str, Any]:
        """One page of keys."""
        request = pb.ListApiKeysRequest(tenant=self._tenant, page=page, page_size=page_size)
        found = self._call(lambda channel: IdentityServiceStub(channel).ListApiKeys(request))
        return _page([_told(it) for it in found.api_keys], found.total_items, page=page, page_size=page_size)

    def revoke_key(self, key_id: str) -> dict[str, Any]:
        """End a key."""
        request = pb.RevokeApiKeyRequest(key_id=key_id)
        revoked = self._call(lambda channel: IdentityServiceStub(channel).RevokeApiKey(request))
        return _told(revoked.api_key)

    def audit(self, *, page: int, page_size: int, outcome: str | None) -> dict[str, Any]:
        """One page of the log."""
        request = pb.ListAuditRequest(
            tenant=self._tenant, page=page, page_size=page_size, outcome=outcome or ""
        )
        found = self._call(lambda channel: IdentityServiceStub(channel).ListAudit(request))
        return _page([_told(it) for it in found.records], found.total_items, page=page, page_size=page_size)

    def rotate_signing_key(self, *, drop_older: bool) -> dict[str, Any]:
        """Make a successor of the key that signs capability tokens."""
        request = capability_pb2.RotateSigningKeyRequest(drop_older=drop_older)
        return _told(
            self._call(
                lambda channel: CapabilityServiceStub(channel).RotateSigningKey(request),
                seconds=_ROTATION_SECONDS,
            )
        )

    def _call(self, method: Callable[[grpc.aio.Channel], Awaitable[T]], *, seconds: float = _SECONDS) -> T:
        async def call() -> T:
            if self._tokens:
                set_principal(Principal(tenant=self._tenant, subject="operator@local", roles=("admin",)))
            async with open_channel(
                self._target, timeout=seconds, tokens=self._tokens, tls=self._tls, peer="orchestrator"
            ) as channel:
                return await method(channel)

        return asyncio.run(call())


def _page(data: list[dict[str, Any]], total: int, *, page: int, page_size: int) -> dict[str, Any]:
    pagination = {
        "page": page,
        "page_size": page_size,
        "total_pages": -(-total // page_size),
        "total_items": total,
    }
    return {"data": data, "pagination": pagination}


def _told(message: Message) -> dict[str, Any]:
    """A message's fields; times in RFC 3339, null where absent."""
    told: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.message_type is not None:
            told[field.name] = value.ToJsonString() if message.HasField(field.name) else None
        else:
            told[field.name] = list(value) if field.is_repeated else value
    return told
