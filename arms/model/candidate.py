"""One model of a chain: the way to it, the places at it, and whether it was put aside after a failure."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from arms.model.provider import Provider
from arms.model.queue import ModelQueue
from servicekit.errors import OctoError, UnavailableError

REST_SECONDS = 15.0
"""How long a model that cannot be reached is put aside when another one can answer."""

_COMES_BY_ITSELF = frozenset({"MODEL_NOT_READY"})
"""Failures that cost no time to find again: such a model is asked first every time."""


@dataclass(kw_only=True)
class Candidate:
    """A model that may be asked.

    Attributes:
        provider: the way to it.
        queue: places at it, shared with everybody in this process.
        clock: monotonic seconds.
    """

    provider: Provider
    queue: ModelQueue
    clock: Callable[[], float] = time.monotonic
    _rests_until: float = field(default=0.0, init=False)

    @property
    def rests(self) -> bool:
        """Whether it failed just now."""
        return self.clock() < self._rests_until

    def note(self, error: OctoError) -> None:
        """Put it aside when it cannot be reached, is overloaded, or does not know us."""
        timed_out = error.reason == MODEL_TIMEOUT
        if timed_out or (isinstance(error, UnavailableError) and error.reason not in _COMES_BY_ITSELF):
            self._rests_until = self.clock() + max(REST_SECONDS, error.retry_after or 0.0)

    def trust(self) -> None:
        """It answered: nothing speaks against it."""
        self._rests_until = 0.0


MODEL_TIMEOUT = "MODEL_TIMEOUT"
"""The reason of a model that took too long by itself, not by the caller's deadline."""
