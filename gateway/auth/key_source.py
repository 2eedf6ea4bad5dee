"""The key set as it is now: fetched when it is needed, kept when its source is away."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from gateway.auth.key_set import VerificationKey, read_key_set
from servicekit.errors import OctoError, UnavailableError

log = logging.getLogger(__name__)

Load = Callable[[], Awaitable[bytes]]
"""Fetches the text of the set; raises OSError or an OctoError when it cannot be had."""

_FIRST_PAUSE = 1.0
"""Seconds between attempts while there is no set at all: without one nobody gets in."""


class KeySource:
    """Keys by their id.

    Args:
        load: fetches the set.
        pause: seconds between two fetches, whatever unknown ids are asked for.
        age: seconds after which the set is fetched again although every id is known: removed keys must go.
        clock: monotonic seconds.
    """

    def __init__(
        self, *, load: Load, pause: float, age: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load = load
        self._pause = pause
        self._age = age
        self._clock = clock
        self._keys: Mapping[str, VerificationKey] | None = None
        self._fetched_at = 0.0
        self._tried_at: float | None = None
        self._one = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> VerificationKey | None:
        """The key with this id; None when the set has none.

        Raises:
            UnavailableError: there is no set yet, and it cannot be fetched.
        """
        keys = self._keys
        if keys is not None and kid in keys:
            if self._clock() - self._fetched_at > self._age:
                self._renew()
            return keys[kid]
        await self._fetch()
        if self._keys is None:
            raise UnavailableError(
                "the keys that verify tokens cannot be fetched; try again shortly", reason="JWKS_UNAVAILABLE"
            )
        return self._keys.get(kid)

    async def close(self) -> None:
        """Stop what runs."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    def _renew(self) -> None:
        """Beside the request: its key is known, so it need not wait."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        async with self._one:  # those that ask meanwhile wait for this answer instead of asking again
            now = self._clock()
            pause = _FIRST_PAUSE if self._keys is None else self._pause
            if self._tried_at is not None and now - self._tried_at < pause:
                return
            self._tried_at = now
            try:
                keys = read_key_set(await self._load())
            except (OSError, OctoError) as error:
                why = error.message if isinstance(error, OctoError) else str(error)
                kept = (
                    "the last good ones stay in use"
                    if self._keys is not None
                    else "nobody can log in by token"
                )
                log.warning("the keys that verify tokens could not be fetched: %s; %s", why, kept)
                return
            self._keys, self._fetched_at = keys, now
            log.info("fetched the keys that verify tokens", extra={"keys": len(keys)})
