"""The two spans of a gRPC call, by OpenTelemetry's conventions for RPC."""

import asyncio

import grpc
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind

from servicekit.errors import OctoError
from servicekit.spans import begin, finish
from servicekit.status import TO_GRPC

_UPKEEP_SERVICES = frozenset({
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
    "octollm.service.v1.StatusService",
})  # fmt: skip
_UPKEEP_METHODS = frozenset({"RegisterArm", "HeartbeatArm", "DeregisterArm"})


def is_upkeep(service: str, method: str) -> bool:
    """Whether a call belongs to nobody's request: each would be a trace of its own, many a minute."""
    return service in _UPKEEP_SERVICES or method in _UPKEEP_METHODS


def begin_call(service: str, method: str, *, kind: SpanKind, parent: Context | None = None) -> Span:
    """A call's span, to be ended with `end_call`."""
    span = begin(f"{service}/{method}", kind=kind, parent=parent)
    if span.is_recording():
        span.set_attributes({"rpc.system": "grpc", "rpc.service": service, "rpc.method": method})
    return span


def end_call(span: Span, *, error: BaseException | None = None) -> None:
    """End it with the call's status."""
    if span.is_recording():
        span.set_attribute("rpc.grpc.status_code", _status(error).value[0])
        finish(span, error=error)


def _status(error: BaseException | None) -> grpc.StatusCode:
    if error is None:
        return grpc.StatusCode.OK
    if isinstance(error, OctoError):
        return TO_GRPC[error.code]
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return grpc.StatusCode.CANCELLED
    return grpc.StatusCode.INTERNAL
