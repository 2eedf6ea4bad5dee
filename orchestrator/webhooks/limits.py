"""How long and how often a delivery is tried."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WebhookLimits:
    """Bounds, in seconds where nothing else is said.

    Attributes:
        attempts: tries in all.
        age: after so long nothing is tried any more.
        seconds: how long one try may take.
        pause: after the first failure; it doubles each time ...
        longest_pause: ... up to this.
        look: how often it is looked for what is due.
        places: deliveries under way at once.
        lease: after so long without a word, who took a delivery up is taken for dead.
    """

    attempts: int = 14
    age: float = 86_400.0
    seconds: float = 10.0
    pause: float = 5.0
    longest_pause: float = 3600.0
    look: float = 0.5
    places: int = 16
    lease: float = 30.0

    def pause_after(self, attempts: int, *, random: Callable[[], float]) -> float:
        """How long to wait after so many failures; half of it is chance, so that not all come together."""
        whole = min(self.pause * 2 ** (attempts - 1), self.longest_pause)
        return whole * (0.5 + random() / 2)
