"""Who is at the other end of a connection, by the certificate it showed."""

from typing import Any

import grpc


def peer_names(context: grpc.aio.ServicerContext[Any, Any]) -> frozenset[str] | None:
    """The names in the caller's certificate; None on a connection without one, such as a Unix socket."""
    shown = context.auth_context()
    if b"ssl" not in shown.get("transport_security_type", ()):
        return None
    names = shown.get("x509_subject_alternative_name", ())
    return frozenset(name.decode("utf-8", "replace") for name in names)
