"""The public keys that verify tokens, and the database's time: fetched, cached, fetched again when needed."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from servicekit.capability.token import Key
from servicekit.errors import OctoError, UnavailableError

_LOG = logging.getLogger(__name__)

_INTERVAL = 20.0
"""Seconds between fetches; a new key is published for longer than that before it signs."""

_AGAIN = 2.0
"""Seconds for which an unknown key does not make us ask again: anybody can make one up."""

_IMPATIENT = 0.5
"""Seconds between fetches while there are no keys at all."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What the orchestrator publishes: public keys by id, and the time in seconds since 1970."""

    keys: Mapping[str, Key]
    now: float


class KeySource(Protocol):
    """Where keys come from."""

    async def fetch(self) -> Published:
        """The keys and the time now."""
        ...


class KeyRing:
    """The keys as this process knows them; all its arms share one.

    Args:
        source: where they come from.
        clock: monotonic seconds.
    """

    def __init__(self, *, source: KeySource, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._ahead = 0.0
        self._fetched_at: float | None = None
        self._fetching = asyncio.Lock()

    async def follow(self) -> None:
        """Fetch now and then until cancelled; when the orchestrator is away the last keys stay good."""
        while True:
            with contextlib.suppress(UnavailableError):
                await self._renew(older_than=0.0)
            await asyncio.sleep(_INTERVAL if self._fetched_at is not None else _IMPATIENT)

    async def key(self, kid: str) -> Key | None:
        """The key of that id, or None when the orchestrator publishes none.

        Raises:
            UnavailableError: the keys cannot be fetched.
        """
        if kid not in self._keys:
            await self._renew(older_than=_AGAIN)
        return self._keys.get(kid)

    async def look_again(self) -> None:
        """Renew what may have changed since the last fetch: a clock that seems to be wrong.

        Raises:
            UnavailableError: the keys cannot be fetched.
        """
        await self._renew(older_than=_AGAIN)

    def database_time(self, at: float | None = None) -> float:
        """Seconds since 1970 by the database's clock; needs a fetch before.

        Args:
            at: the moment, by the monotonic clock; None is now.
        """
        return (self._clock() if at is None else at) + self._ahead

    def monotonic(self) -> float:
        """The clock that moments are told by."""
        return self._clock()

    async def _renew(self, *, older_than: float) -> None:
        async with self._fetching:  # those who wait find it done
            if self._fetched_at is not None and self._clock() - self._fetched_at < older_than:
                return
            asked = self._clock()
            try:
                published = await self._source.fetch()
            except OctoError as error:
                _LOG.debug("no keys: %s", error.message)
                raise UnavailableError(
                    "the keys that verify permissions cannot be had from the orchestrator; try again",
                    reason="CAPABILITY_KEYS_UNAVAILABLE",
                    retry_after=1.0,
                ) from error
            self._fetched_at = self._clock()
            self._ahead = published.now - (asked + self._fetched_at) / 2
            self._keys = published.keys
