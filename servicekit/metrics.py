"""A service's metrics: its own registry, passed in, never the process-wide one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""Seconds; from a cache hit to a model call."""


class Metrics:
    """The metrics of one service.

    Label values come from closed sets only: method names, codes, route templates, never ids or paths.

    Args:
        shared: the directory in which several processes of the service keep theirs, so that each can tell
            those of all; PROMETHEUS_MULTIPROC_DIR named it when the process began.
    """

    def __init__(self, *, shared: Path | None = None) -> None:
        self.registry = CollectorRegistry()
        self._shared = shared
        if shared is None:
            ProcessCollector(registry=self.registry)

    def counter(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
        """A count that only grows; `name` without the ``_total`` that Prometheus adds."""
        return Counter(name, help_text, labels, registry=self.registry)

    def gauge(
        self,
        name: str,
        help_text: str,
        labels: Sequence[str] = (),
        *,
        across: Literal["livesum", "livemax"] = "livesum",
    ) -> Gauge:
        """A value that goes up and down; `across` tells what it is for several living processes."""
        return Gauge(name, help_text, labels, registry=self.registry, multiprocess_mode=across)

    def histogram(
        self,
        name: str,
        help_text: str,
        labels: Sequence[str] = (),
        *,
        buckets: Sequence[float] = LATENCY_BUCKETS,
    ) -> Histogram:
        """A distribution; `name` ends with its unit, such as ``_seconds``."""
        return Histogram(name, help_text, labels, buckets=buckets, registry=self.registry)

    def text(self) -> str:
        """One scrape in Prometheus text format."""
        if self._shared is None:
            return generate_latest(self.registry).decode()
        of_all = CollectorRegistry()
        MultiProcessCollector(of_all, str(self._shared))
        return generate_latest(of_all).decode()

    @property
    def content_type(self) -> str:
        """The media type of `text`."""
        return CONTENT_TYPE_LATEST
