"""Thins out a step's progress: an arm may tell it often, and each time that it is stored costs a commit."""

from collections.abc import Callable

from orchestrator.calls import StepProgress

_REPEAT = 10
"""Progress that says nothing new is let through this many times more rarely."""


class Pace:
    """Lets progress through now and then.

    Args:
        seconds: the least time between two that differ.
        clock: monotonic seconds.
    """

    def __init__(self, *, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._last: StepProgress | None = None
        self._at = clock()

    def allows(self, progress: StepProgress) -> bool:
        """Whether this one is stored."""
        wait = self._seconds * (_REPEAT if progress == self._last else 1)
        if self._clock() - self._at < wait:
            return False
        self._last, self._at = progress, self._clock()
        return True
