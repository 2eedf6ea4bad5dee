"""The server interceptors, in their order, with why each stands where it stands."""

from collections.abc import Sequence

import grpc

from servicekit.interceptors.context import ContextInterceptor
from servicekit.interceptors.errors import ErrorInterceptor
from servicekit.interceptors.observe import ObserveInterceptor
from servicekit.interceptors.validate import ValidateInterceptor
from servicekit.metrics import Metrics
from servicekit.validation import Validator


def server_interceptors(
    *, service: str, metrics: Metrics, validator: Validator
) -> Sequence[grpc.aio.ServerInterceptor]:
    """The interceptors of a service, outermost first."""
    return [
        # Outermost: whatever escapes the others becomes a status; gRPC would send its text to the caller.
        ErrorInterceptor(),
        # Before anything that logs or calls on: everything below knows the request id and the deadline.
        ContextInterceptor(service=service),
        # Sees refusals of the rules too, because it stands outside of them.
        ObserveInterceptor(metrics=metrics),
        # Innermost: the servicer sees only requests that keep the rules.
        ValidateInterceptor(validator=validator),
    ]
