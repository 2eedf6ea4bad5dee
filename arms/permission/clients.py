"""The orchestrator's verification keys, over gRPC."""

from typing import Any

import grpc
import orjson
from octollm.orchestrator.v1 import capability_pb2, capability_pb2_grpc

from arms.permission.keys import Published
from servicekit.capability.token import key_from_jwk
from servicekit.errors import UnavailableError


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
