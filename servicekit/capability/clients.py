"""Gets a capability token for a request and puts it in: the one helper for whoever calls an arm.

    await capabilities.issue(request, act="text_generation", instance_id=arm.instance_id)   # the gateway
    await capabilities.delegate(request, act="code_execution", instance_id=arm.instance_id, held=held_token())

Fill in the request first: the token covers every field of it, and a later change makes it worthless.
"""

import grpc
from google.protobuf.message import Message
from octollm.orchestrator.v1 import capability_pb2, capability_pb2_grpc

from servicekit.capability.call import call_bytes, call_sha256, put_token

SECONDS = 30
"""Within which the call must begin."""


class Capabilities:
    """The orchestrator's CapabilityService.

    Args:
        channel: to the orchestrator.
        seconds: within which a call must begin after its token was issued.
    """

    def __init__(self, *, channel: grpc.aio.Channel, seconds: int = SECONDS) -> None:
        self._stub = capability_pb2_grpc.CapabilityServiceStub(channel)
        self._seconds = seconds

    async def issue(self, request: Message, *, act: str, instance_id: str) -> None:
        """Put a token for a direct call into `request`.

        Args:
            request: complete but for its `capability_token`.
            act: the capability that it uses.
            instance_id: the arm instance that will get it, as GetArm tells with the endpoint.

        Raises:
            PermissionDeniedError: the principal may not do this.
            NotFoundError: no such instance is registered.
        """
        grant = self._grant(request, act=act, instance_id=instance_id)
        asked = capability_pb2.IssueCapabilityRequest(grant=grant)
        put_token(request, (await self._stub.IssueCapability(asked)).token)

    async def delegate(self, request: Message, *, act: str, instance_id: str, held: str) -> None:
        """Put a narrower token than the one held into `request`.

        Args:
            request: complete but for its `capability_token`.
            act: the capability that it uses; the held token's must be one that may lead to it.
            instance_id: the arm instance that will get it, as GetArm tells with the endpoint.
            held: the token of the call that is being carried out.

        Raises:
            PermissionDeniedError: the held token does not reach that far.
            NotFoundError: no such instance is registered.
        """
        grant = self._grant(request, act=act, instance_id=instance_id)
        asked = capability_pb2.DelegateCapabilityRequest(token=held, grant=grant)
        put_token(request, (await self._stub.DelegateCapability(asked)).token)

    def _grant(self, request: Message, *, act: str, instance_id: str) -> capability_pb2.CapabilityGrant:
        return capability_pb2.CapabilityGrant(
            audience_instance_id=instance_id,
            acts=[act],
            arguments_sha256=call_sha256(call_bytes(request)),
            lifetime_seconds=self._seconds,
        )
