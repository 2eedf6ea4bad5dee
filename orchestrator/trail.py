"""The trace of a task across the queue: whoever drives it goes on where the submitting request ended."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from orchestrator.store_lease import Lease
from servicekit.spans import begin, finish, received, spanned

_NANOSECONDS = 1_000_000_000


@contextmanager
def driving(lease: Lease) -> Generator[None]:
    """A span for one drive of the task, under the trace of its request; before the first one its wait."""
    parent = received(lease.trace_context)
    if lease.attempt == 1:
        _tell_wait(lease, parent=parent)
    attributes = {"octollm.attempt": lease.attempt, "octollm.tenant": lease.task.tenant}
    with spanned("drive", kind=SpanKind.CONSUMER, parent=parent, attributes=attributes):
        yield


def _tell_wait(lease: Lease, *, parent: Context) -> None:
    """How long the task was queued. Both ends are the database's, so they are moved to our clock together."""
    started = lease.task.started_at or lease.task.read_at
    ahead = time.time_ns() - _nanoseconds(lease.task.read_at)
    span = begin("queue", parent=parent, start=_nanoseconds(lease.task.created_at) + ahead)
    finish(span, end=_nanoseconds(started) + ahead)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * _NANOSECONDS)
