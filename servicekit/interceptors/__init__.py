"""The server interceptors, in their order, with why each stands where it stands."""

from collections.abc import Sequence

import grpc

from servicekit.interceptors.context import ContextInterceptor
from servicekit.interceptors.errors import ErrorInterceptor
from servicekit.interceptors.identity import IdentityInterceptor
from servicekit.interceptors.observe import ObserveInterceptor
from servicekit.interceptors.once import OnceInterceptor
from servicekit.interceptors.trace import TraceInterceptor
from servicekit.interceptors.validate import ValidateInterceptor
from servicekit.internal_tokens import InternalTokens
from servicekit.metrics import Metrics
from servicekit.validation import Validator


def server_interceptors(
    *, service: str, metrics: Metrics, validator: Validator, tokens: InternalTokens | None = None
) -> Sequence[grpc.aio.ServerInterceptor]:
    """The interceptors of a service, outermost first.

    Args:
        service: its name.
        metrics: where calls are counted.
        validator: holds the rules of the protos.
        tokens: checks who calls; None while authentication is off.
    """
    return [
        # Before all others: it spares them their part that is the same at every call.
        OnceInterceptor(),
        # Outermost around a call: whatever escapes becomes a status; gRPC would send its text to the caller.
        ErrorInterceptor(),
        # Before anything that logs or calls on: everything below knows the request id and the deadline.
        ContextInterceptor(service=service),
        # Below the context, whose ids its span carries; outside of the log, whose lines carry its id.
        TraceInterceptor(),
        # Sees refusals of the rules too, because it stands outside of them.
        ObserveInterceptor(metrics=metrics),
        # Inside of the log and the count, which see refusals too; before the rules: strangers learn none.
        *([IdentityInterceptor(tokens=tokens)] if tokens else []),
        # Innermost: the servicer sees only requests that keep the rules.
        ValidateInterceptor(validator=validator),
    ]
