"""X-Request-ID: taken when it is well formed, minted when it is not, carried in a context variable."""

import re
import uuid
from contextvars import ContextVar

METADATA_KEY = "x-request-id"
"""The gRPC metadata key; lower case, as gRPC demands."""

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_current: ContextVar[str] = ContextVar("request_id", default="")


def accept(candidate: str | bytes | None) -> str:
    """The caller's id when it matches ``^[A-Za-z0-9._-]{1,64}$``, else a new UUID.

    Anything else must not travel: a non-ASCII metadata value makes gRPC raise, and a line break in a
    header or a log line is an injection.
    """
    text = candidate.decode("latin-1") if isinstance(candidate, bytes) else candidate
    if text is not None and _WELL_FORMED.fullmatch(text):
        return text
    return str(uuid.uuid4())


def current_request_id() -> str:
    """The id of the request being served, empty outside of one."""
    return _current.get()


def set_request_id(request_id: str) -> None:
    """Make `request_id` the current one for this task and the tasks it starts."""
    _current.set(request_id)
