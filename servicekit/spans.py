"""Spans: what happened when, as part of one trace; next to nothing while no traces are sent.

Every span carries the request id and the task id. No span carries an exception's text: it may repeat what a
caller or a model said, and the log has it under the span's id.
"""

import asyncio
from collections.abc import Mapping
from contextvars import Token
from typing import Self

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from servicekit.context import current_task_id
from servicekit.errors import Code, OctoError
from servicekit.request_id import current_request_id

TRACE_KEYS = ("traceparent", "tracestate")
"""The headers of W3C trace context; also their keys in gRPC metadata."""

REQUEST_ID = "octollm.request_id"
TASK_ID = "octollm.task_id"
_LONGEST_STATE = 512
"""Characters of a tracestate that are carried: as much as W3C asks for; more would not fit into metadata."""

_TRACER = trace.get_tracer("octollm")
_W3C = TraceContextTextMapPropagator()
_FAULTS = frozenset({Code.TIMEOUT, Code.INTERNAL_ERROR, Code.SERVICE_UNAVAILABLE})
"""Of what a server answers, what is its own fault."""

Value = str | int | float | bool


def received(carrier: Mapping[str, str]) -> Context:
    """The context that somebody sent along; a malformed one is as good as none."""
    if len(carrier.get("tracestate", "")) > _LONGEST_STATE:
        carrier = {"traceparent": carrier.get("traceparent", "")}
    return _W3C.extract(carrier, context=Context())


def sent(context: Context | None = None) -> dict[str, str]:
    """The headers that carry a context, the current one when None; empty outside of every trace."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, context=context)
    return carrier


def begin(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Context | None = None,
    start: int | None = None,
) -> Span:
    """A span to be ended with `finish`; it is not the current one.

    Args:
        name: from a closed set: never an id, never a path.
        kind: its side of a call.
        parent: the context it belongs to; the current one when None.
        start: nanoseconds since 1970; now when None.
    """
    return _TRACER.start_span(name, context=parent, kind=kind, start_time=start)


def finish(span: Span, *, error: BaseException | None = None, end: int | None = None) -> None:
    """End a span, and tell what kind of error ended what it stands for."""
    if span.is_recording():
        if task_id := current_task_id():  # often it became known on the way
            span.set_attribute(TASK_ID, task_id)
        if error is not None:
            _tell(span, error)
        span.end(end)


class spanned:  # noqa: N801  # reads as a context manager
    """Makes a span the current one for the length of a block.

    A class, because it is on every path: contextlib's generator costs more than all that it would do here.

    Args:
        name: from a closed set: never an id, never a path.
        kind: its side of a call.
        parent: the context it belongs to; the current one when None.
        attributes: what it tells.
    """

    __slots__ = ("_attributes", "_kind", "_name", "_parent", "_span", "_token")

    def __init__(
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: Context | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> None:
        self._name = name
        self._kind = kind
        self._parent = parent
        self._attributes = attributes
        self._span = trace.INVALID_SPAN
        self._token: Token[Context] | None = None

    def __enter__(self) -> Self:
        self._span = span = begin(self._name, kind=self._kind, parent=self._parent)
        if span.get_span_context().is_valid:
            self._token = attach(set_span_in_context(span, self._parent))
            if self._attributes and span.is_recording():
                span.set_attributes(self._attributes)
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        finish(self._span, error=error)
        if self._token is not None:
            detach(self._token)


def tell(name: str, value: Value) -> None:
    """Add an attribute to the current span."""
    trace.get_current_span().set_attribute(name, value)


def own_attributes() -> dict[str, str]:
    """What every span carries."""
    pairs = ((REQUEST_ID, current_request_id()), (TASK_ID, current_task_id()))
    return {name: value for name, value in pairs if value}


def _tell(span: Span, error: BaseException) -> None:
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        span.set_attribute("error.type", Code.CANCELLED.value)
        return
    known = isinstance(error, OctoError)
    span.set_attribute("error.type", error.reason if known else type(error).__name__)
    is_server = getattr(span, "kind", None) is SpanKind.SERVER
    if not known or not is_server or error.code in _FAULTS:
        span.set_status(Status(StatusCode.ERROR))
