"""Issues capability tokens for tests: good ones, and whatever a forger would try."""

import secrets
import time
from dataclasses import dataclass, field, replace
from typing import Any

from google.protobuf.message import Message

from arms.permission.keys import Published
from servicekit.capability.call import call_bytes, call_sha256
from servicekit.capability.claims import Claims
from servicekit.capability.token import Key, new_key, sign


@dataclass
class Issuer:
    """An orchestrator's key and clock; `fetch` makes it a source of keys for a KeyRing."""

    kid: str = "k1"
    key: Key = field(default_factory=new_key)
    ahead: float = 0.0
    published: dict[str, Key] = field(default_factory=dict)
    fetches: int = 0
    error: Exception | None = None

    def now(self) -> float:
        return time.time() + self.ahead

    async def fetch(self) -> Published:
        self.fetches += 1
        if self.error:
            raise self.error
        return Published(keys={self.kid: self.key, **self.published}, now=self.now())

    def claims(self, request: Message, *, instance_id: str, act: str, **changed: Any) -> Claims:
        """What an honest token says, but for what is changed."""
        now = self.now()
        claims = Claims(
            audience=instance_id,
            acts=(act,),
            call=call_sha256(call_bytes(request)),
            issued_at=now,
            expires_at=now + 60,
            until=now + 300,
            token_id=secrets.token_hex(8),
        )
        return replace(claims, **changed)

    def sign(self, claims: Claims) -> str:
        return sign(claims, kid=self.kid, key=self.key)
