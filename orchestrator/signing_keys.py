"""The signing keys and the database's time as this orchestrator knows them, renewed every few seconds."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

import orjson

from orchestrator.store_signing_keys import SigningKey, SigningKeyStore
from servicekit.capability.token import Key
from servicekit.errors import OctoError, UnavailableError

_LOG = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""That a look at the keys may take."""


class SigningKeys:
    """What signs, what verifies, and what time it is.

    Args:
        store: the keys in the database.
        clock: monotonic seconds; between two looks the database's time is told by it.
        interval: seconds between looks.
    """

    def __init__(self, *, store: SigningKeyStore, clock: Callable[[], float], interval: float = 5.0) -> None:
        self._store = store
        self._clock = clock
        self._interval = interval
        self._keys: Sequence[SigningKey] = ()
        self._ahead: float | None = None

    async def follow(self) -> None:
        """Look now and then until cancelled; without the database the last look stays good."""
        while True:
            await asyncio.sleep(self._interval)
            await self.try_look()

    async def try_look(self) -> None:
        """Look, unless the database is away."""
        try:
            await self.look()
        except UnavailableError:
            _LOG.debug("the signing keys cannot be read")
        except OctoError:
            _LOG.exception("the signing keys cannot be read")

    async def look(self) -> None:
        """Read the time and the keys, and see to it that there is one to sign with."""
        asked = self._clock()
        told = await self._store.now()
        self._ahead = told - (asked + self._clock()) / 2
        keys = await self._store.keys()
        if self._store.is_due(keys, now=told):
            await self._store.rotate()
            keys = await self._store.keys()
        self._keys = keys

    async def succeed(self, *, drop_older: bool) -> SigningKey:
        """Make a successor before its time.

        Args:
            drop_older: once it signs, remove every older one, and return only then. By then all orchestrators
                must have seen it, or one would go on to sign with a key that is gone.

        Raises:
            UnavailableError: the database is away; a successor may be there, older keys are still.
        """
        wait = self._interval + _LOOK_SECONDS if drop_older else self._store.rules.announce
        made = await self._store.add(announce=wait)
        await self.look()
        if drop_older:
            await asyncio.sleep(wait)
            await self._store.drop_older(made.kid)
            await self.look()
        return made

    def older_until(self, key: SigningKey) -> float:
        """When the last key older than this one is gone, in seconds since 1970 by the database's clock."""
        return key.signs_from + self._store.rules.keep

    def now(self) -> float:
        """Seconds since 1970, by the database's clock.

        Raises:
            UnavailableError: the database has not been asked yet.
        """
        if self._ahead is None:
            raise _not_yet()
        return self._clock() + self._ahead

    def signing(self) -> SigningKey:
        """The newest key that is in force.

        Raises:
            UnavailableError: there is none yet.
        """
        now = self.now()
        for key in reversed(self._keys):
            if key.signs_from <= now:
                return key
        raise _not_yet()

    def verifying(self) -> Mapping[str, Key]:
        """Every key that a token which is good may be signed with, by its id."""
        return {key.kid: key.key for key in self._keys}

    def jwks(self) -> str:
        """The public halves as a JSON Web Key Set; also of a key that does not sign yet."""
        published = [
            {**key.key.as_dict(private=False), "kid": key.kid, "alg": "Ed25519", "use": "sig"}
            for key in self._keys
        ]
        return orjson.dumps({"keys": published}).decode()


def _not_yet() -> UnavailableError:
    return UnavailableError(
        "no key to sign permissions with could be read from the database yet; try again",
        reason="SIGNING_KEYS_UNAVAILABLE",
        retry_after=1.0,
    )
