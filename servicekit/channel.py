"""Channels to other services.

Every call carries the request id, the trace and what is left of the deadline; a failed call raises the
OctoError that the server raised.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import grpc
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, set_span_in_context

from servicekit import request_id
from servicekit.call_spans import begin_call, end_call, is_upkeep
from servicekit.context import TASK_METADATA_KEY, current_task_id, remaining_seconds
from servicekit.errors import CancelledByCallerError, Code, OctoError, UnavailableError
from servicekit.internal_tokens import METADATA_KEY, REFUSED, InternalTokens
from servicekit.principal import current_principal
from servicekit.spans import sent
from servicekit.status import from_rpc_error
from servicekit.tls import MutualTls

OPTIONS: Sequence[tuple[str, Any]] = (
    # gRPC's defaults wait up to two minutes before they look whether a restarted service is back.
    ("grpc.initial_reconnect_backoff_ms", 100),
    # This bounds a connection attempt too: with 100, a peer that is merely busy looks as if it were down.
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_receive_message_length", 8 * 1024 * 1024),
)


def open_channel(
    target: str,
    *,
    timeout: float,
    tokens: InternalTokens | None = None,
    tls: MutualTls | None = None,
    peer: str = "",
) -> grpc.aio.Channel:
    """A channel whose stubs are used as always.

    A stub's method returns an awaitable (or an async iterator with ``cancel()``). It fails fast: a service
    that cannot be reached is UnavailableError at once.

    Args:
        target: a gRPC target, such as ``127.0.0.1:9000`` or ``unix:/run/reflex.sock``.
        timeout: seconds a call may take; less when less is left of the caller's deadline.
        tokens: makes the token that tells who calls and for whom; None while authentication is off.
        tls: what we show to the other side; None for a plain connection, which a Unix socket always is.
        peer: the service that is called: its certificate must bear that name.
    """
    return _Channel(_connection(target, tls=tls, peer=peer), limit=timeout, tokens=tokens)


def _connection(target: str, *, tls: MutualTls | None, peer: str) -> grpc.aio.Channel:
    if tls is None or target.startswith("unix:"):
        return grpc.aio.insecure_channel(target, options=OPTIONS)
    # gRPC checks the certificate against this name, wherever the service was found.
    options = [*OPTIONS, ("grpc.ssl_target_name_override", peer)] if peer else OPTIONS
    return grpc.aio.secure_channel(target, tls.for_channel(), options=options)


def outgoing_metadata(
    tokens: InternalTokens | None = None, *, span: Span = INVALID_SPAN
) -> list[tuple[str, str]]:
    """What travels with every call.

    Args:
        tokens: makes the token that tells who calls and for whom; None while authentication is off.
        span: the call's; the current one where it is not recorded.
    """
    carrier = sent(set_span_in_context(span) if span.is_recording() else None)
    if current := request_id.current_request_id():
        carrier[request_id.METADATA_KEY] = current
    if task_id := current_task_id():
        carrier[TASK_METADATA_KEY] = task_id
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
        return _awaited(self._inner.unary_unary(*args, **kwargs), self._calls(args[0]))

    def stream_unary(self, *args: Any, **kwargs: Any) -> Any:
        return _awaited(self._inner.stream_unary(*args, **kwargs), self._calls(args[0]))

    def unary_stream(self, *args: Any, **kwargs: Any) -> Any:
        return _iterated(self._inner.unary_stream(*args, **kwargs), self._calls(args[0]))

    def stream_stream(self, *args: Any, **kwargs: Any) -> Any:
        return _iterated(self._inner.stream_stream(*args, **kwargs), self._calls(args[0]))

    def _calls(self, path: str) -> "_Calls":
        service, _, method = path.lstrip("/").partition("/")
        return _Calls(service=service, method=method, limit=self._limit, tokens=self._tokens)


@dataclass(frozen=True, kw_only=True)
class _Calls:
    """What the calls of one method have in common."""

    service: str
    method: str
    limit: float
    tokens: InternalTokens | None

    def seconds(self, asked: float | None) -> float:
        """How long a call may take."""
        return remaining_seconds(self.limit if asked is None else asked)

    def begin(self) -> Span:
        """A call's span; what belongs to no request, such as upkeep, has none."""
        if is_upkeep(self.service, self.method) or not request_id.current_request_id():
            return INVALID_SPAN
        return begin_call(self.service, self.method, kind=SpanKind.CLIENT)


def _awaited(method: Callable[..., Awaitable[Any]], calls: _Calls) -> Callable[..., Awaitable[Any]]:
    async def call(request: Any, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109  # gRPC's own name
        allowed = calls.seconds(timeout)
        span = calls.begin()
        failure: BaseException | None = None
        try:
            return await method(request, timeout=allowed, metadata=outgoing_metadata(calls.tokens, span=span))
        except grpc.aio.AioRpcError as error:
            failure = _raised(error)
            raise failure from None
        except asyncio.CancelledError as error:
            failure = error
            _tell_local_cancel()
            raise
        finally:
            end_call(span, error=failure)

    return call


def _iterated(method: Callable[..., Any], calls: _Calls) -> Callable[..., "ResponseStream"]:
    def call(request: Any, *, timeout: float | None = None) -> ResponseStream:
        allowed = calls.seconds(timeout)
        span = calls.begin()
        metadata = outgoing_metadata(calls.tokens, span=span)
        return ResponseStream(method(request, timeout=allowed, metadata=metadata), span=span)

    return call


class ResponseStream:
    """The responses of a streaming call; `cancel` or `aclose` ends it before its end.

    Args:
        call: gRPC's own.
        span: the call's, ended with it.
    """

    def __init__(self, call: Any, *, span: Span = INVALID_SPAN) -> None:
        self._call = call
        self._span = span

    def cancel(self) -> None:
        """End the call; the server sees CANCELLED."""
        self._call.cancel()
        end_call(self._span)

    async def aclose(self) -> None:
        """The same as `cancel`, for contextlib.aclosing."""
        self.cancel()

    async def __aiter__(self) -> AsyncIterator[Any]:
        failure: BaseException | None = None
        try:
            async for response in self._call:
                yield response
        except grpc.aio.AioRpcError as error:
            failure = _raised(error)
            raise failure from None
        except asyncio.CancelledError as error:
            failure = error
            _tell_local_cancel()
            raise
        finally:
            self._call.cancel()
            end_call(self._span, error=failure)


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
