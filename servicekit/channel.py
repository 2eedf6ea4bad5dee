"""Channels to other services.

Every call carries the request id, the trace and what is left of the deadline; a failed call raises the
OctoError that the server raised.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Self

import grpc
from opentelemetry import propagate

from servicekit import request_id
from servicekit.context import remaining_seconds
from servicekit.errors import CancelledByCallerError, Code, OctoError, UnavailableError
from servicekit.internal_tokens import METADATA_KEY, REFUSED, InternalTokens
from servicekit.principal import current_principal
from servicekit.status import from_rpc_error

OPTIONS: Sequence[tuple[str, Any]] = (
    # gRPC's defaults wait up to two minutes before they look whether a restarted service is back.
    ("grpc.initial_reconnect_backoff_ms", 100),
    # This bounds a connection attempt too: with 100, a peer that is merely busy looks as if it were down.
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_receive_message_length", 8 * 1024 * 1024),
)


def open_channel(target: str, *, timeout: float, tokens: InternalTokens | None = None) -> grpc.aio.Channel:
    """A channel whose stubs are used as always.

    A stub's method returns an awaitable (or an async iterator with ``cancel()``). It fails fast: a service
    that cannot be reached is UnavailableError at once.

    Args:
        target: a gRPC target, such as ``127.0.0.1:9000`` or ``unix:/run/reflex.sock``.
        timeout: seconds a call may take; less when less is left of the caller's deadline.
        tokens: makes the token that tells who calls and for whom; None while authentication is off.
    """
    return _Channel(grpc.aio.insecure_channel(target, options=OPTIONS), limit=timeout, tokens=tokens)


def outgoing_metadata(tokens: InternalTokens | None = None) -> list[tuple[str, str]]:
    """What travels with every call."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    current = request_id.current_request_id()
    if current:
        carrier[request_id.METADATA_KEY] = current
    if tokens:
        carrier[METADATA_KEY] = tokens.mint(current_principal())
    return list(carrier.items())


class _Channel(grpc.aio.Channel):
    """Delegates to gRPC's channel and wraps what it gives to stubs."""

    def __init__(self, inner: grpc.aio.Channel, *, limit: float, tokens: InternalTokens | None) -> None:
        self._inner = inner
        self._limit = limit
        self._tokens = tokens

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self, grace: float | None = None) -> None:
        await self._inner.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002  # gRPC's signature
        return self._inner.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        await self._inner.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        await self._inner.channel_ready()

    def unary_unary(self, *args: Any, **kwargs: Any) -> Any:
        return _awaited(self._inner.unary_unary(*args, **kwargs), self._limit, self._tokens)

    def stream_unary(self, *args: Any, **kwargs: Any) -> Any:
        return _awaited(self._inner.stream_unary(*args, **kwargs), self._limit, self._tokens)

    def unary_stream(self, *args: Any, **kwargs: Any) -> Any:
        return _iterated(self._inner.unary_stream(*args, **kwargs), self._limit, self._tokens)

    def stream_stream(self, *args: Any, **kwargs: Any) -> Any:
        return _iterated(self._inner.stream_stream(*args, **kwargs), self._limit, self._tokens)


def _awaited(
    method: Callable[..., Awaitable[Any]], limit: float, tokens: InternalTokens | None
) -> Callable[..., Awaitable[Any]]:
    async def call(request: Any, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109  # gRPC's own name
        allowed = remaining_seconds(limit if timeout is None else timeout)
        try:
            return await method(request, timeout=allowed, metadata=outgoing_metadata(tokens))
        except grpc.aio.AioRpcError as error:
            raise _raised(error) from None
        except asyncio.CancelledError:
            _tell_local_cancel()
            raise

    return call


def _iterated(
    method: Callable[..., Any], limit: float, tokens: InternalTokens | None
) -> Callable[..., "ResponseStream"]:
    def call(request: Any, *, timeout: float | None = None) -> ResponseStream:
        allowed = remaining_seconds(limit if timeout is None else timeout)
        return ResponseStream(method(request, timeout=allowed, metadata=outgoing_metadata(tokens)))

    return call


class ResponseStream:
    """The responses of a streaming call; `cancel` or `aclose` ends it before its end."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def cancel(self) -> None:
        """End the call; the server sees CANCELLED."""
        self._call.cancel()

    async def aclose(self) -> None:
        """The same as `cancel`, for contextlib.aclosing."""
        self._call.cancel()

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            async for response in self._call:
                yield response
        except grpc.aio.AioRpcError as error:
            raise _raised(error) from None
        except asyncio.CancelledError:
            _tell_local_cancel()
            raise
        finally:
            self._call.cancel()


def _raised(error: grpc.aio.AioRpcError) -> OctoError:
    """What the server raised. That it does not know us is no fault of whom we act for."""
    raised = from_rpc_error(error)
    if raised.code is Code.UNAUTHENTICATED and raised.reason == REFUSED:
        return UnavailableError(
            "the services of this installation do not accept each other's calls: all need the same "
            f"OCTOLLM_AUTH, the same OCTOLLM_INTERNAL_KEY and clocks that agree ({raised.message})",
            reason=REFUSED,
        )
    return raised


def _tell_local_cancel() -> None:
    """Raise when it was the call that was cancelled, not the task that waits for it."""
    task = asyncio.current_task()
    if task is None or task.cancelling() == 0:
        raise CancelledByCallerError("the call was cancelled") from None
