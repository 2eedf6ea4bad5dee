"""CapabilityService: proto in, call, proto out."""

from datetime import UTC, datetime
from typing import Any

import grpc
from octollm.orchestrator.v1 import capability_pb2, capability_pb2_grpc

from orchestrator.capability import Capabilities
from orchestrator.permits import Permit
from orchestrator.servicer.responses import stamp
from orchestrator.signing_keys import SigningKeys
from servicekit.capability.claims import Bounds
from servicekit.errors import PermissionDeniedError
from servicekit.peer import peer_names
from servicekit.principal import current_caller, current_principal

_GATEWAY = "gateway"

Context = grpc.aio.ServicerContext[Any, Any]


class CapabilityServicer(capability_pb2_grpc.CapabilityServiceServicer):
    """Serves capability tokens.

    Args:
        capabilities: issues them.
        keys: what verifies them.
    """

    def __init__(self, *, capabilities: Capabilities, keys: SigningKeys) -> None:
        self._capabilities = capabilities
        self._keys = keys

    async def IssueCapability(
        self, request: capability_pb2.IssueCapabilityRequest, context: Context
    ) -> capability_pb2.IssueCapabilityResponse:
        """A token for a direct call."""
        _check_caller(peer_names(context))
        signed = await self._capabilities.issue(_permit_from(request.grant), by=current_principal())
        return capability_pb2.IssueCapabilityResponse(
            token=signed.token, expires_at=stamp(datetime.fromtimestamp(signed.expires_at, UTC))
        )

    async def DelegateCapability(
        self, request: capability_pb2.DelegateCapabilityRequest, context: Context
    ) -> capability_pb2.DelegateCapabilityResponse:
        """A token narrower than the one held."""
        signed = await self._capabilities.delegate(
            _permit_from(request.grant), held=request.token, by=current_principal()
        )
        return capability_pb2.DelegateCapabilityResponse(
            token=signed.token, expires_at=stamp(datetime.fromtimestamp(signed.expires_at, UTC))
        )

    async def ListVerificationKeys(
        self, request: capability_pb2.ListVerificationKeysRequest, context: Context
    ) -> capability_pb2.ListVerificationKeysResponse:
        """The public keys, and the time by which tokens are dated."""
        return capability_pb2.ListVerificationKeysResponse(
            jwks_json=self._keys.jwks(), now=stamp(datetime.fromtimestamp(self._keys.now(), UTC))
        )


def _check_caller(names: frozenset[str] | None) -> None:
    """Refuse any service but the gateway, as far as internal tokens or certificates tell who calls."""
    caller = current_caller()
    if (caller and caller != _GATEWAY) or (names is not None and _GATEWAY not in names):
        raise PermissionDeniedError("only the gateway calls arms directly", reason="CALLER_NOT_ALLOWED")


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
