"""The reflex's metrics; labels come from closed sets only."""

from reflex.findings import Category
from reflex.verdict import Action, Verdict
from servicekit.metrics import Metrics


class Meters:
    """Counts what Check does.

    Args:
        metrics: the service's registry.
    """

    def __init__(self, *, metrics: Metrics) -> None:
        self._checks = metrics.counter("octollm_reflex_checks", "Texts checked, by verdict.", ["action"])
        self._seconds = metrics.histogram(
            "octollm_reflex_check_seconds", "Time of a check inside the reflex."
        )
        self._findings = metrics.counter("octollm_reflex_findings", "Findings reported.", ["category"])
        self._verdicts = metrics.counter(
            "octollm_reflex_verdict_cache", "Verdicts looked up, by whether they were remembered.", ["result"]
        )
        self._values = metrics.counter(
            "octollm_reflex_value_cache", "Values looked up, by whether they were there.", ["result"]
        )
        self._redis = metrics.gauge("octollm_reflex_redis_up", "1 while values are kept in Redis, else 0.")
        self._outages = metrics.counter("octollm_reflex_redis_outages", "How often Redis went away.")
        self._redis_up = False
        for action in Action:
            self._checks.labels(action.value)
        for category in Category:
            self._findings.labels(category.value)

    def checked(self, *, verdict: Verdict, seconds: float, remembered: bool | None) -> None:
        """A text was checked; `remembered` is None when the verdict was not looked up."""
        self._checks.labels(verdict.action.value).inc()
        self._seconds.observe(seconds)
        if remembered is not None:
            self._verdicts.labels("hit" if remembered else "miss").inc()
        for finding in verdict.findings:
            self._findings.labels(finding.category.value).inc()

    def looked_up(self, *, found: bool) -> None:
        """A value was looked up."""
        self._values.labels("hit" if found else "miss").inc()

    def redis(self, *, up: bool) -> None:
        """Redis came or went."""
        self._redis.set(1 if up else 0)
        if self._redis_up and not up:
            self._outages.inc()
        self._redis_up = up
