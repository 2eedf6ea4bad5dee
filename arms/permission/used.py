"""The tokens that an instance has taken: each opens one call, then never another."""

import heapq

MOST = 100_000
"""Tokens remembered at once: more than a minute of 1,000 calls a second."""


class UsedTokens:
    """Remembers token ids until they have expired, and no longer.

    Args:
        most: how many at once.
    """

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._ids: set[str] = set()
        self._by_expiry: list[tuple[float, str]] = []

    @property
    def full(self) -> bool:
        """Whether there is no room for another; nothing more can be permitted until some expire."""
        return len(self._ids) >= self._most

    def take(self, token_id: str, *, expires_at: float, now: float) -> bool:
        """Remember a token; False when it was taken before.

        Args:
            token_id: its id.
            expires_at: after which nobody accepts it anyway.
            now: on the same clock.
        """
        self.forget(now=now)
        if token_id in self._ids:
            return False
        self._ids.add(token_id)
        heapq.heappush(self._by_expiry, (expires_at, token_id))
        return True

    def forget(self, *, now: float) -> None:
        """Drop what has expired."""
        while self._by_expiry and self._by_expiry[0][0] <= now:
            self._ids.discard(heapq.heappop(self._by_expiry)[1])
