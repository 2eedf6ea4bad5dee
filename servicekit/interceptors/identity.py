"""Lets only our own services in, and makes known whom they act for; metadata alone is believed by nobody."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from servicekit.interceptors.wrap import Call, GuardInterceptor
from servicekit.internal_tokens import METADATA_KEY, InternalTokens, missing_token
from servicekit.principal import set_caller, set_principal

OPEN = frozenset(
    {
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "grpc.reflection.v1.ServerReflection",
    }
)
"""Services that anybody may call: probes know no tokens, and the protos are no secret."""


class IdentityInterceptor(GuardInterceptor):
    """Checks the internal token of every call.

    Args:
        tokens: checks them.
    """

    def __init__(self, *, tokens: InternalTokens) -> None:
        self._tokens = tokens

    def guard(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Refuse the call, or act for whom it says.

        Raises:
            UnauthenticatedError: when the block is entered, without a valid token.
        """
        return _acting(self._tokens, call)


@asynccontextmanager
async def _acting(tokens: InternalTokens, call: Call) -> AsyncIterator[None]:
    if call.service not in OPEN:
        token = call.metadata.get(METADATA_KEY)
        if not isinstance(token, str):
            raise missing_token()
        bearer = tokens.check(token)
        set_principal(bearer.principal)
        set_caller(bearer.caller)
    yield
