"""What the orchestrator counts; labels come from closed sets only."""

from collections.abc import Callable

from orchestrator.model.task import ErrorType, Status
from servicekit.metrics import Metrics

_TASK_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
"""Seconds; from a task of no-op steps to the longest budget."""


class Meters:
    """The orchestrator's own metrics.

    Args:
        metrics: where they are registered.
    """

    def __init__(self, *, metrics: Metrics) -> None:
        self._metrics = metrics
        self._submitted = metrics.counter("octollm_tasks_submitted", "Tasks that were acknowledged.")
        self._ended = metrics.counter("octollm_tasks_ended", "Tasks ended here.", ["status", "error"])
        self._seconds = metrics.histogram(
            "octollm_task_seconds", "From a task's lease here to its end.", buckets=_TASK_BUCKETS
        )
        self._steps = metrics.counter("octollm_steps", "Tries of steps.", ["outcome"])
        self._webhooks = metrics.counter("octollm_webhooks", "Tries to deliver a webhook.", ["outcome"])
        self._lost = metrics.counter(
            "octollm_leases_lost", "Tasks lost to another holder or ended elsewhere."
        )

    def watch(self, *, running: Callable[[], int], readers: Callable[[], int]) -> None:
        """Read gauges from where the truth is, at each scrape."""
        gauge = self._metrics.gauge("octollm_tasks_running", "Tasks driven here now.")
        gauge.set_function(lambda: float(running()))
        gauge = self._metrics.gauge("octollm_task_readers", "Waiting and watching calls now.")
        gauge.set_function(lambda: float(readers()))

    def submitted(self) -> None:
        """A task was acknowledged."""
        self._submitted.inc()

    def ended(self, status: Status, *, error: ErrorType | None, seconds: float) -> None:
        """A task ended here, so many seconds after it was leased."""
        self._ended.labels(status.name.lower(), error.name if error else "").inc()
        self._seconds.observe(seconds)

    def step(self, outcome: str) -> None:
        """A try of a step ended: ``completed``, ``retried`` or ``failed``."""
        self._steps.labels(outcome).inc()

    def webhook(self, outcome: str) -> None:
        """A try to deliver ended: ``delivered``, ``retried`` or ``given_up``."""
        self._webhooks.labels(outcome).inc()

    def lost(self) -> None:
        """A task turned out to be somebody else's, or ended."""
        self._lost.inc()
