"""CapabilityService: proto in, call, proto out."""

from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from octollm.orchestrator.v1 import capability_pb2, capability_pb2_grpc

from orchestrator.capability import Capabilities
from orchestrator.permits import Permit
from orchestrator.rotation import Rotation
from orchestrator.servicer.callers import COMMAND_LINE, GATEWAY, only
from orchestrator.servicer.responses import stamp
from orchestrator.signing_keys import SigningKeys
from servicekit.capability.claims import Bounds
from servicekit.errors import PermissionDeniedError
from servicekit.peer import peer_names
from servicekit.principal import current_caller, current_principal

Context = grpc.aio.ServicerContext[Any, Any]


class CapabilityServicer(capability_pb2_grpc.CapabilityServiceServicer):
    """Serves capability tokens.

    Args:
        capabilities: issues them.
        keys: what verifies them.
        rotation: changes the key that signs.
    """

    def __init__(self, *, capabilities: Capabilities, keys: SigningKeys, rotation: Rotation) -> None:
        self._capabilities = capabilities
        self._keys = keys
        self._rotation = rotation

    async def IssueCapability(
        self, request: capability_pb2.IssueCapabilityRequest, context: Context
    ) -> capability_pb2.IssueCapabilityResponse:
        """A token for a direct call."""
        _check_caller(peer_names(context))
        signed = await self._capabilities.issue(_permit_from(request.grant), by=current_principal())
        return capability_pb2.IssueCapabilityResponse(
            token=signed.token, expires_at=_moment(signed.expires_at)
        )

    async def DelegateCapability(
        self, request: capability_pb2.DelegateCapabilityRequest, context: Context
    ) -> capability_pb2.DelegateCapabilityResponse:
        """A token narrower than the one held."""
        signed = await self._capabilities.delegate(
            _permit_from(request.grant), held=request.token, by=current_principal()
        )
        return capability_pb2.DelegateCapabilityResponse(
            token=signed.token, expires_at=_moment(signed.expires_at)
        )

    async def ListVerificationKeys(
        self, request: capability_pb2.ListVerificationKeysRequest, context: Context
    ) -> capability_pb2.ListVerificationKeysResponse:
        """The public keys, and the time by which tokens are dated."""
        return capability_pb2.ListVerificationKeysResponse(
            jwks_json=self._keys.jwks(), now=_moment(self._keys.now())
        )

    async def RotateSigningKey(
        self, request: capability_pb2.RotateSigningKeyRequest, context: Context
    ) -> capability_pb2.RotateSigningKeyResponse:
        """A successor of the key that signs."""
        only(COMMAND_LINE)
        made = await self._rotation.rotate(drop_older=request.drop_older, by=current_principal())
        return capability_pb2.RotateSigningKeyResponse(
            key_id=made.kid,
            signs_from=_moment(made.signs_from),
            older_until=None if request.drop_older else _moment(self._keys.older_until(made)),
        )


def _check_caller(names: frozenset[str] | None) -> None:
    """Refuse any service but the gateway, as far as internal tokens or certificates tell who calls."""
    caller = current_caller()
    if (caller and caller != GATEWAY) or (names is not None and GATEWAY not in names):
        raise PermissionDeniedError("only the gateway calls arms directly", reason="CALLER_NOT_ALLOWED")


def _moment(seconds: float) -> Timestamp:
    return stamp(datetime.fromtimestamp(seconds, UTC))


def _permit_from(grant: capability_pb2.CapabilityGrant) -> Permit:
    limits = grant.limits
    return Permit(
        audience=grant.audience_instance_id,
        acts=tuple(grant.acts),
        call=grant.arguments_sha256,
        seconds=float(grant.lifetime_seconds),
        task_id=grant.task_id,
        step_id=grant.step_id,
        attempt=grant.attempt,
        bounds=Bounds(
            max_tokens=limits.max_tokens if limits.HasField("max_tokens") else None,
            max_cost_micros=limits.max_cost_micros if limits.HasField("max_cost_micros") else None,
        ),
    )
