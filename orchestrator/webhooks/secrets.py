"""The secret of each tenant: what the settings say, or one derived from the installation's key."""

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from servicekit.errors import ValidationFailedError

PREFIX = "whsec_"
"""Stands before a secret's base64, as Standard Webhooks writes it."""

_SETTING = "OCTOLLM_WEBHOOK_SECRETS"
_LEAST_BYTES = 24


class WebhookSecrets:
    """Gives secrets.

    Args:
        configured: JSON text, an object with a secret by tenant; empty for none.
        load_key: reads the installation's key, from which the others are derived.

    Raises:
        ValidationFailedError: the text is not that.
    """

    def __init__(self, *, configured: str, load_key: Callable[[], Awaitable[bytes]]) -> None:
        self._configured = {tenant: key_of(secret) for tenant, secret in _read(configured).items()}
        self._load_key = load_key

    async def of(self, tenant: str) -> bytes:
        """The key that signs what is told about this tenant's tasks."""
        return self._configured.get(tenant) or derived(await self._load_key(), tenant)


def derived(installation: bytes, tenant: str) -> bytes:
    """A key that nobody had to choose: the same in every orchestrator of an installation."""
    return hmac.new(installation, f"webhook:{tenant}".encode(), hashlib.sha256).digest()


def text_of(key: bytes) -> str:
    """A secret as receivers are told it."""
    return PREFIX + base64.b64encode(key).decode()


def key_of(text: str) -> bytes:
    """The key in such a text.

    Raises:
        ValidationFailedError: it is none, or too short to keep anything.
    """
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(PREFIX) or len(key) < _LEAST_BYTES:
        raise ValidationFailedError(
            f"{_SETTING}: a secret is {PREFIX} and the base64 of at least {_LEAST_BYTES} random bytes.",
            field=_SETTING,
        )
    return key


def _read(text: str) -> dict[str, str]:
    try:
        read: Any = json.loads(text or "{}")
    except ValueError:
        read = None
    if not isinstance(read, dict) or not all(
        isinstance(it, str) for it in cast("dict[str, Any]", read).values()
    ):
        raise ValidationFailedError(f"{_SETTING} must be a JSON object: secrets by tenant.", field=_SETTING)
    return cast("dict[str, str]", read)
