"""What a capability token covers of a request: everything but the token itself."""

import hashlib

from google.protobuf.message import Message

TOKEN_FIELD = "capability_token"  # noqa: S105  # the name of a field
"""Where a request carries its token."""


def call_bytes(request: Message) -> bytes:
    """A request, serialised deterministically, as if it had no token."""
    if not getattr(request, TOKEN_FIELD):
        return request.SerializeToString(deterministic=True)
    bare = type(request)()
    bare.CopyFrom(request)
    bare.ClearField(TOKEN_FIELD)
    return bare.SerializeToString(deterministic=True)


def call_sha256(call: bytes) -> str:
    """The hash that a token holds of `call_bytes`, in hex."""
    return hashlib.sha256(call).hexdigest()


def put_token(request: Message, token: str) -> None:
    """Let a request, complete but for it, carry its token."""
    setattr(request, TOKEN_FIELD, token)
