"""Has the other interceptors wrap each method's handler once, not at every call."""

from __future__ import annotations  # gRPC's handler types are generic for checkers only

from collections.abc import Awaitable, Callable
from typing import Any

import grpc


class OnceInterceptor(grpc.aio.ServerInterceptor):
    """Remembers what the interceptors after it made of a method: they look at calls and choose no handler."""

    def __init__(self) -> None:
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The handler; of a method that is unknown nothing is kept, as strangers could name any number."""
        method = handler_call_details.method
        handler = self._handlers.get(method)
        if handler is None:
            handler = await continuation(handler_call_details)
            if handler is not None:
                self._handlers[method] = handler
        return handler
