"""When to try again, and how long after: few times, at random, and never so often that it adds to a fall."""

from collections.abc import Callable

MAX_RETRIES = 3
"""Retries of one step."""


class RetryBudget:
    """Bounds retries to a share of all calls, so that an outage is not multiplied.

    Args:
        share: retries earned by a call.
        reserve: retries that are there from the start, and the most that is saved up.
    """

    def __init__(self, *, share: float = 0.2, reserve: float = 20.0) -> None:
        self._share = share
        self._reserve = reserve
        self._left = reserve

    def earn(self) -> None:
        """A call is made."""
        self._left = min(self._reserve, self._left + self._share)

    def take(self) -> bool:
        """Take one retry, if one is left."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def pause(
    attempt: int,
    *,
    random: Callable[[], float],
    base: float = 0.5,
    most: float = 8.0,
    at_least: float | None = None,
) -> float:
    """Seconds before the next try: jitter under a bound that grows fourfold, so that a restart fits in.

    Args:
        attempt: the try that failed, from 1.
        random: uniform in [0, 1).
        base: the bound after the first try.
        most: the bound's bound.
        at_least: what the other side asked for.
    """
    bound = min(most, base * 4 ** min(attempt - 1, 8))
    return max(bound * (0.5 + random() / 2), min(at_least or 0.0, most))
