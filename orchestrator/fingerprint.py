"""Keyed hashes of what must not be stored: whole specs, and the caller's own personal data."""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict

from orchestrator.model.task import TaskSpec

_VALUE_BYTES = 16
"""Bytes of a value's hash: enough that two values of one task do not meet by chance."""


class Fingerprints:
    """Makes keyed hashes.

    Args:
        load_key: reads the installation's key; called once.
    """

    def __init__(self, *, load_key: Callable[[], Awaitable[bytes]]) -> None:
        self._load_key = load_key
        self._key = b""

    async def of_spec(self, spec: TaskSpec) -> bytes:
        """The same for equal specs only."""
        canonical = json.dumps(asdict(spec), sort_keys=True, default=dict)
        return hmac.new(await self._loaded(), canonical.encode(), hashlib.sha256).digest()

    async def of_json(self, value: object) -> str:
        """The same for values that are equal as JSON, in hexadecimal."""
        canonical = json.dumps(value, sort_keys=True, default=dict)
        return hmac.new(await self._loaded(), canonical.encode(), hashlib.sha256).hexdigest()

    async def of_values(self, values: Iterable[str]) -> frozenset[str]:
        """One for each value, the same however the value is spaced, punctuated and cased."""
        key = await self._loaded()
        return frozenset(
            hmac.new(key, plain(value).encode(), hashlib.sha256).digest()[:_VALUE_BYTES].hex()
            for value in values
        )

    async def _loaded(self) -> bytes:
        if not self._key:
            self._key = await self._load_key()
        return self._key


def plain(value: str) -> str:
    """A value's letters and digits only, in one case."""
    return "".join(filter(str.isalnum, value.casefold()))
