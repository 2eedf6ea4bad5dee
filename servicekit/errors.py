"""The one exception family of OctoLLM: a closed set of codes, a text for the reader, a stable reason.

Standard library only, so that every domain module can raise these without knowing gRPC or HTTP.
`servicekit.status` turns them into google.rpc.Status, `gateway.errors` into HTTP. Nobody else maps.
"""

from collections.abc import Mapping
from enum import Enum


class Code(Enum):
    """What kind of failure it is; the values are the `code` strings of the REST error envelope."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    """The request breaks a rule; the caller must change it."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """Who is calling is not known."""
    PERMISSION_DENIED = "PERMISSION_DENIED"
    """The caller is known and may not do this."""
    NOT_FOUND = "NOT_FOUND"
    """No such object, or it belongs to somebody else."""
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    """The route exists, not with this method."""
    TIMEOUT = "TIMEOUT"
    """The deadline passed before the work was done."""
    CONFLICT = "CONFLICT"
    """The object's state does not allow this."""
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    """The body is larger than this route takes."""
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    """The body is not of a type or encoding this route reads."""
    HEADERS_TOO_LARGE = "HEADERS_TOO_LARGE"
    """The header block is larger than the edge takes."""
    RATE_LIMIT = "RATE_LIMIT"
    """Too many requests, or a full queue; try again after `retry_after` seconds."""
    CANCELLED = "CANCELLED"
    """The caller went away or asked to stop."""
    INTERNAL_ERROR = "INTERNAL_ERROR"
    """A defect of ours; the text never carries its details."""
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    """A dependency is down; try again after `retry_after` seconds."""


UNREACHABLE = "UNREACHABLE"
"""The reason of an UnavailableError that no service raised: there was nobody to answer."""


class OctoError(Exception):
    """A failure told in the caller's words.

    Args:
        message: what failed and what to do, one or two sentences, safe to show to the caller.
        field: JSON path of the request field at fault, such as ``budget.max_tokens``.
        constraint: the rule that was broken, readable, such as ``must be at most 1000000``.
        reason: a stable UPPER_SNAKE_CASE word that programs may branch on; defaults to the code.
        retry_after: seconds after which trying again makes sense.
        metadata: further strings for programs, such as the missing scope.
    """

    code: Code = Code.INTERNAL_ERROR

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        constraint: str | None = None,
        reason: str | None = None,
        retry_after: float | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.constraint = constraint
        self.reason = reason or self.code.name
        self.retry_after = retry_after
        self.metadata = dict(metadata or {})


class ValidationFailedError(OctoError):
    """The request breaks a rule."""

    code = Code.VALIDATION_ERROR


class UnauthenticatedError(OctoError):
    """Who is calling is not known."""

    code = Code.UNAUTHENTICATED


class PermissionDeniedError(OctoError):
    """The caller may not do this."""

    code = Code.PERMISSION_DENIED


class NotFoundError(OctoError):
    """No such object, or somebody else's."""

    code = Code.NOT_FOUND


class DeadlineError(OctoError):
    """The deadline passed."""

    code = Code.TIMEOUT


class ConflictError(OctoError):
    """The object's state does not allow this."""

    code = Code.CONFLICT


class RateLimitError(OctoError):
    """Too many requests, or a full queue."""

    code = Code.RATE_LIMIT


class PayloadTooLargeError(OctoError):
    """A message or body over the size limit."""

    code = Code.PAYLOAD_TOO_LARGE


class CancelledByCallerError(OctoError):
    """The caller went away or asked to stop."""

    code = Code.CANCELLED


class UnavailableError(OctoError):
    """A dependency is down."""

    code = Code.SERVICE_UNAVAILABLE


class InternalError(OctoError):
    """A defect of ours."""

    code = Code.INTERNAL_ERROR


BY_CODE: Mapping[Code, type[OctoError]] = {
    cls.code: cls
    for cls in (
        ValidationFailedError,
        UnauthenticatedError,
        PermissionDeniedError,
        NotFoundError,
        DeadlineError,
        ConflictError,
        RateLimitError,
        PayloadTooLargeError,
        CancelledByCallerError,
        UnavailableError,
        InternalError,
    )
}
"""The class that stands for each code on the way back from the wire."""
