"""What the reflex did since it started: counts, and quantiles of recent check times."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reflex.verdict import Action

REMEMBERED = 4096
"""Recent times that quantiles are taken over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Times in milliseconds."""

    p50: float
    p95: float
    p99: float


class Stats:
    """Counts checks.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = clock()
        self._times: deque[float] = deque(maxlen=REMEMBERED)
        self.checks = 0
        self.actions = dict.fromkeys(Action, 0)

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def count(self, *, action: Action, milliseconds: float) -> None:
        """A text was checked."""
        self.checks += 1
        self.actions[action] += 1
        self._times.append(milliseconds)

    def quantiles(self) -> Quantiles:
        """Of the recent times; zeros before the first."""
        ordered = sorted(self._times)
        return Quantiles(p50=_at(ordered, 0.5), p95=_at(ordered, 0.95), p99=_at(ordered, 0.99))


def _at(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank quantile: the least time that so large a share of them is not above."""
    return ordered[math.ceil(len(ordered) * share) - 1] if ordered else 0.0
