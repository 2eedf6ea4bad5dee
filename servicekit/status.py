"""OctoError <-> google.rpc.Status: the only module that knows both.

The error's own code travels in ErrorInfo, so what a server raises is what its client catches; a status
that carries no ErrorInfo of ours is mapped by its gRPC code alone.
"""

from collections.abc import Mapping

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from servicekit.errors import BY_CODE, UNREACHABLE, Code, InternalError, OctoError

DOMAIN = "octollm"
_CODE_KEY = "octollm_code"
_KNOWN = frozenset(code.value for code in Code)
DETAILS_KEY = "grpc-status-details-bin"
"""The trailer in which gRPC carries a google.rpc.Status."""

TO_GRPC: Mapping[Code, grpc.StatusCode] = {
    Code.VALIDATION_ERROR: grpc.StatusCode.INVALID_ARGUMENT,
    Code.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Code.PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Code.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Code.METHOD_NOT_ALLOWED: grpc.StatusCode.UNIMPLEMENTED,
    Code.TIMEOUT: grpc.StatusCode.DEADLINE_EXCEEDED,
    Code.CONFLICT: grpc.StatusCode.FAILED_PRECONDITION,
    Code.PAYLOAD_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Code.UNSUPPORTED_MEDIA_TYPE: grpc.StatusCode.INVALID_ARGUMENT,
    Code.HEADERS_TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Code.RATE_LIMIT: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Code.CANCELLED: grpc.StatusCode.CANCELLED,
    Code.INTERNAL_ERROR: grpc.StatusCode.INTERNAL,
    Code.SERVICE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}

FROM_GRPC: Mapping[grpc.StatusCode, Code] = {
    grpc.StatusCode.INVALID_ARGUMENT: Code.VALIDATION_ERROR,
    grpc.StatusCode.OUT_OF_RANGE: Code.VALIDATION_ERROR,
    grpc.StatusCode.UNAUTHENTICATED: Code.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED: Code.PERMISSION_DENIED,
    grpc.StatusCode.NOT_FOUND: Code.NOT_FOUND,
    grpc.StatusCode.DEADLINE_EXCEEDED: Code.TIMEOUT,
    grpc.StatusCode.ALREADY_EXISTS: Code.CONFLICT,
    grpc.StatusCode.ABORTED: Code.CONFLICT,
    grpc.StatusCode.FAILED_PRECONDITION: Code.CONFLICT,
    # Without a quota reason of ours this is gRPC's own size limit, not a rate limit.
    grpc.StatusCode.RESOURCE_EXHAUSTED: Code.PAYLOAD_TOO_LARGE,
    grpc.StatusCode.CANCELLED: Code.CANCELLED,
    grpc.StatusCode.UNAVAILABLE: Code.SERVICE_UNAVAILABLE,
}

_PLAIN_TEXT: Mapping[Code, str] = {
    Code.TIMEOUT: "the deadline passed before the answer came",
    Code.SERVICE_UNAVAILABLE: "a service that is needed for this cannot be reached; try again shortly",
    Code.PAYLOAD_TOO_LARGE: "the message is larger than the service takes",
    Code.CANCELLED: "the call was cancelled",
    Code.INTERNAL_ERROR: "an internal error occurred",
}


def to_status(error: OctoError) -> Status:
    """The google.rpc.Status of an error: ErrorInfo always, BadRequest and RetryInfo where they apply."""
    details: list[Message] = [
        ErrorInfo(
            reason=error.reason,
            domain=DOMAIN,
            metadata={**error.metadata, _CODE_KEY: error.code.value},
        )
    ]
    if error.field or error.constraint:
        violation = BadRequest.FieldViolation(field=error.field or "", description=error.constraint or "")
        details.append(BadRequest(field_violations=[violation]))
    if error.retry_after is not None:
        delay = Duration()
        delay.FromNanoseconds(int(error.retry_after * 1e9))
        details.append(RetryInfo(retry_delay=delay))
    status = Status(code=TO_GRPC[error.code].value[0], message=error.message)
    for detail in details:
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def from_rpc_error(error: grpc.aio.AioRpcError) -> OctoError:
    """The error that the other side raised; never one that repeats a text we did not write."""
    status = _carried_status(error)
    info, violation, retry = _details(status)
    if info is None:
        code = FROM_GRPC.get(error.code(), Code.INTERNAL_ERROR)
        reason = UNREACHABLE if code is Code.SERVICE_UNAVAILABLE else None
        return _error(code, _PLAIN_TEXT.get(code, error.details() or code.value), reason=reason)
    code = Code(info.metadata[_CODE_KEY])
    return _error(
        code,
        status.message if status else "",
        field=violation.field or None if violation else None,
        constraint=violation.description or None if violation else None,
        reason=info.reason,
        retry_after=retry,
        metadata={key: value for key, value in info.metadata.items() if key != _CODE_KEY},
    )


def _carried_status(error: grpc.aio.AioRpcError) -> Status | None:
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            return Status.FromString(value)
    return None


def _error(
    code: Code,
    message: str,
    *,
    field: str | None = None,
    constraint: str | None = None,
    reason: str | None = None,
    retry_after: float | None = None,
    metadata: Mapping[str, str] | None = None,
) -> OctoError:
    kind = BY_CODE.get(code, InternalError)
    return kind(
        message,
        field=field,
        constraint=constraint,
        reason=reason,
        retry_after=retry_after,
        metadata=metadata,
    )


def _details(
    status: Status | None,
) -> tuple[ErrorInfo | None, BadRequest.FieldViolation | None, float | None]:
    info: ErrorInfo | None = None
    violation: BadRequest.FieldViolation | None = None
    retry: float | None = None
    for packed in status.details if status else ():
        found, bad, wait = ErrorInfo(), BadRequest(), RetryInfo()
        if packed.Unpack(found) and found.domain == DOMAIN and found.metadata[_CODE_KEY] in _KNOWN:
            info = found
        elif packed.Unpack(bad) and bad.field_violations:
            violation = bad.field_violations[0]
        elif packed.Unpack(wait):
            retry = wait.retry_delay.ToNanoseconds() / 1e9
    return info, violation, retry
