"""A circuit breaker an arm instance: after failures in a row nothing is sent, then one probe decides."""

from collections.abc import Callable


class Breaker:
    """Stops calls to what keeps failing.

    Args:
        clock: monotonic seconds.
        failures: failures in a row that open it.
        pause: seconds until a probe is let through.
    """

    def __init__(self, *, clock: Callable[[], float], failures: int = 5, pause: float = 5.0) -> None:
        self._clock = clock
        self._limit = failures
        self._pause = pause
        self._failed = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def allows(self) -> bool:
        """Whether a call may be made now; when open, only as the probe."""
        if self._opened_at is None:
            return True
        return not self._probing and self._clock() - self._opened_at >= self._pause

    @property
    def suspected(self) -> bool:
        """Whether the last call failed: others come first."""
        return self._failed > 0

    def begin(self) -> None:
        """A call begins."""
        if self._opened_at is not None:
            self._probing = True

    def succeed(self) -> None:
        """The call was answered."""
        self._failed, self._opened_at, self._probing = 0, None, False

    def fail(self) -> None:
        """The call failed in a way that speaks against the instance."""
        self._failed += 1
        self._probing = False
        if self._failed >= self._limit:
            self._opened_at = self._clock()

    def abandon(self) -> None:
        """The call was given up by its caller: that says nothing of the instance."""
        self._probing = False
