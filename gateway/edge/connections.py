"""How many connections each address has open."""

from collections import Counter
from collections.abc import Callable


class Connections:
    """Counts connections by address; an address without any takes no room.

    Args:
        limit: how many an address may have; 0 for any number.
        unlimited: tells addresses that may have any number: proxies of ours.
    """

    def __init__(self, *, limit: int, unlimited: Callable[[str], bool]) -> None:
        self._limit = limit
        self._unlimited = unlimited
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count one more, unless the address has as many as it may; False then."""
        if self._limit and self._open[address] >= self._limit and not self._unlimited(address):
            return False
        self._open[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]

    def __len__(self) -> int:
        """How many addresses have a connection open."""
        return len(self._open)
