"""Puts a guard around an RPC handler of any of the four kinds, so that an interceptor is written once."""

from __future__ import annotations  # gRPC's handler types are generic for checkers only

import inspect
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message


@dataclass(frozen=True, kw_only=True)
class Call:
    """What an interceptor knows of a call.

    Attributes:
        service: the full name, such as ``octollm.reflex.v1.ReflexService``.
        method: such as ``Check``.
        context: gRPC's context of the call.
        metadata: the caller's metadata; the last value of a key that is repeated.
    """

    service: str
    method: str
    context: grpc.aio.ServicerContext[Any, Any]
    metadata: dict[str, str | bytes]


class GuardInterceptor(grpc.aio.ServerInterceptor):
    """An interceptor that is a context manager around the call, with a look at each request message."""

    @abstractmethod
    def guard(self, call: Call) -> AbstractAsyncContextManager[None]:
        """What happens before and after the call."""

    def look(self, request: Message) -> None:
        """What happens with each request message before the servicer sees it; nothing by default."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wrap the handler that the next interceptor gives; None, for an unknown method, stays None."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        return _Wrapped(self, handler, handler_call_details.method).handler()


class _Wrapped:
    """One handler with its guard."""

    def __init__(self, owner: GuardInterceptor, handler: grpc.RpcMethodHandler[Any, Any], path: str) -> None:
        self._owner = owner
        self._handler = handler
        self._service, _, self._method = path.lstrip("/").partition("/")

    def handler(self) -> grpc.RpcMethodHandler[Any, Any]:
        """The same kind of handler as the wrapped one."""
        inner: Any = self._handler
        serializers = {
            "request_deserializer": inner.request_deserializer,
            "response_serializer": inner.response_serializer,
        }
        if inner.unary_unary:
            return grpc.unary_unary_rpc_method_handler(self._unary(inner.unary_unary), **serializers)
        if inner.unary_stream:
            return grpc.unary_stream_rpc_method_handler(self._streamed(inner.unary_stream), **serializers)
        if inner.stream_unary:
            return grpc.stream_unary_rpc_method_handler(self._unary(inner.stream_unary), **serializers)
        return grpc.stream_stream_rpc_method_handler(self._streamed(inner.stream_stream), **serializers)

    def _call(self, context: grpc.aio.ServicerContext[Any, Any]) -> Call:
        metadata = dict(context.invocation_metadata() or ())
        return Call(service=self._service, method=self._method, context=context, metadata=metadata)

    def _seen(self, request: Any) -> Any:
        if isinstance(request, Message):
            self._owner.look(request)
            return request
        return self._each(request)

    async def _each(self, requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
        async for request in requests:
            self._owner.look(request)
            yield request

    def _unary(self, inner: Callable[..., Awaitable[Any]]) -> Any:
        async def guarded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            async with self._owner.guard(self._call(context)):
                return await inner(self._seen(request), context)

        return guarded

    def _streamed(self, inner: Callable[..., Any]) -> Any:
        if inspect.isasyncgenfunction(inner):

            async def guarded_stream(
                request: Any, context: grpc.aio.ServicerContext[Any, Any]
            ) -> AsyncIterator[Any]:
                async with self._owner.guard(self._call(context)):
                    async for response in inner(self._seen(request), context):
                        yield response

            return guarded_stream
        # gRPC's own health service writes to the context instead of yielding.
        return self._unary(inner)
