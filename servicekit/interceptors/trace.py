"""The server's span of every call; its parent is the caller's."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from opentelemetry.context import attach
from opentelemetry.trace import SpanKind, set_span_in_context

from servicekit.call_spans import begin_call, end_call, is_upkeep
from servicekit.interceptors.wrap import Call, GuardInterceptor
from servicekit.request_id import METADATA_KEY
from servicekit.spans import TRACE_KEYS, received


class TraceInterceptor(GuardInterceptor):
    """Opens a span; what services ask of each other to keep themselves going has none.

    They do that outside of every request, so those calls carry neither a request id nor a trace.
    """

    def guard(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Trace the call."""
        return _traced(call)


@asynccontextmanager
async def _traced(call: Call) -> AsyncIterator[None]:
    carrier = {key: value for key in TRACE_KEYS if isinstance(value := call.metadata.get(key), str)}
    parent = received(carrier)
    belongs_to_request = carrier or METADATA_KEY in call.metadata
    if not belongs_to_request or is_upkeep(call.service, call.method):
        yield
        return
    span = begin_call(call.service, call.method, kind=SpanKind.SERVER, parent=parent)
    if span.get_span_context().is_valid:
        # gRPC runs each call in an asyncio task, and so a context, of its own: nothing to detach.
        attach(set_span_in_context(span, parent))
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        end_call(span, error=error)
