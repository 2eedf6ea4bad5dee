"""Checks capability tokens: signed by the orchestrator, for this instance, this call, now, and once."""

import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from arms.model.usage import CallLimits
from arms.permission.audit import Audit, Refusal
from arms.permission.keys import KeyRing
from arms.permission.used import UsedTokens
from arms.permission.verifier import Instance, Permission
from servicekit.capability.call import call_sha256
from servicekit.capability.claims import LONGEST_LIFE, Claims
from servicekit.capability.token import key_id, read
from servicekit.errors import PermissionDeniedError, UnavailableError

LEEWAY = 10.0
"""Seconds by which our clock may differ from the database's, and a token's times from now."""

_BIRTH_LEEWAY = 1.0
"""Seconds by which the database's time may be misjudged across a network."""


@dataclass(kw_only=True)
class TokenVerifier:
    """The verifier of one arm instance.

    Attributes:
        instance: whose calls are checked.
        keys: what verifies them, and the database's time.
        audit: where refusals are written down.
        wall: seconds since 1970 by this machine's clock.
        used: the tokens that were taken.
    """

    instance: Instance
    keys: KeyRing
    audit: Audit
    wall: Callable[[], float] = time.time
    used: UsedTokens = field(default_factory=UsedTokens)

    def __post_init__(self) -> None:
        self._born = self.keys.monotonic()
        self._refusals = self.instance.metrics.counter(
            "octollm_capability_refusals", "Calls refused for want of a valid capability token.", ["reason"]
        )

    async def verify(self, *, token: str, act: str, call: bytes, task_id: str) -> Permission:
        """Return when the token allows the act with exactly this call, and take the token; see `Verifier`."""
        claims: Claims | None = None
        try:
            claims = await self._read(token)
            self._check_call(claims, act=act, call=call, task_id=task_id)
            await self._check_times(claims)
            self._take(claims)
        except PermissionDeniedError as error:
            self._tell(error, act=act, task_id=task_id, claims=claims)
            raise
        bounds = claims.bounds
        return Permission(
            token=token,
            limits=CallLimits(max_tokens=bounds.max_tokens, max_cost_micros=bounds.max_cost_micros),
        )

    async def _read(self, token: str) -> Claims:
        if not token:
            raise _denied(
                "MISSING", "an arm does nothing without a capability token; the orchestrator issues them"
            )
        key = await self.keys.key(key_id(token))
        if key is None:
            raise _denied(
                "KEY_UNKNOWN", "the capability token is signed with a key that the orchestrator does not have"
            )
        return read(token, key=key)

    def _check_call(self, claims: Claims, *, act: str, call: bytes, task_id: str) -> None:
        if claims.audience != self.instance.instance_id:
            raise _denied("WRONG_ARM", "the capability token is for another arm instance")
        if act not in claims.acts:
            raise _denied("WRONG_ACT", f"the capability token does not allow {act}")
        if claims.task_id and claims.task_id != task_id:
            raise _denied("WRONG_TASK", "the capability token is for another task")
        if claims.call != call_sha256(call):
            raise _denied("WRONG_CALL", "the capability token is for a call with other arguments")

    async def _check_times(self, claims: Claims) -> None:
        """Hold the token against the database's time, as far as our own clock goes right."""
        if abs(self.wall() - self.keys.database_time()) > LEEWAY:
            await self.keys.look_again()
        now = self.keys.database_time()
        off = self.wall() - now
        if abs(off) > LEEWAY:
            word = "ahead of" if off > 0 else "behind"
            raise _denied(
                "CLOCK_OFF",
                f"the clock of this arm's machine is {abs(off):.0f} s {word} the database's: set it right",
            )
        if claims.issued_at < self.keys.database_time(self._born) - _BIRTH_LEEWAY:
            raise _denied("BEFORE_START", "the capability token was issued before this arm instance started")
        if claims.issued_at > now + LEEWAY:
            raise _denied("NOT_YET", "the capability token is not valid yet")
        if claims.expires_at < now - LEEWAY:
            raise _denied("EXPIRED", f"the capability token expired {now - claims.expires_at:.0f} s ago")
        if claims.expires_at - claims.issued_at > LONGEST_LIFE + 1:
            raise _denied("INVALID", "the capability token is good for longer than any may be")

    def _take(self, claims: Claims) -> None:
        """Last of all, and without a pause before the call begins: of two that show it, one gets in."""
        now = self.keys.database_time()
        self.used.forget(now=now)
        if self.used.full:
            raise UnavailableError(
                "this arm has taken more calls than it can remember; try again",
                reason="CAPABILITY_MEMORY_FULL",
                retry_after=1.0,
            )
        if not self.used.take(claims.token_id, expires_at=claims.expires_at + LEEWAY + 1, now=now):
            raise _denied("USED", "the capability token was used before")

    def _tell(self, error: PermissionDeniedError, *, act: str, task_id: str, claims: Claims | None) -> None:
        self._refusals.labels(error.reason).inc()
        self.audit.refused(
            Refusal(
                arm_id=self.instance.arm_id,
                instance_id=self.instance.instance_id,
                act=act,
                task_id=task_id,
                token_id=claims.token_id if claims else "",
                reason=error.reason,
                message=error.message,
            )
        )


@dataclass(frozen=True, kw_only=True)
class TokenVerifiers:
    """Makes the verifiers of a process: one an instance, on the same keys."""

    keys: KeyRing
    audit: Audit

    @property
    def loops(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        """What must run beside the arms."""
        return (self.keys.follow, self.audit.follow)

    def __call__(self, instance: Instance) -> TokenVerifier:
        """The verifier of one."""
        return TokenVerifier(instance=instance, keys=self.keys, audit=self.audit)


def _denied(reason: str, message: str) -> PermissionDeniedError:
    return PermissionDeniedError(message, reason=f"CAPABILITY_{reason}")
