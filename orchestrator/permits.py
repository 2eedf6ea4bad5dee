"""Makes capability tokens: signs what a call may do, dated by the database's clock."""

import secrets
from dataclasses import dataclass, field

from orchestrator.signing_keys import SigningKeys
from servicekit.capability.claims import LONGEST_CALL, LONGEST_LIFE, Bounds, Claims
from servicekit.capability.token import sign


@dataclass(frozen=True, kw_only=True)
class Permit:
    """What a token shall allow.

    Attributes:
        audience: the arm instance.
        acts: the capabilities.
        call: SHA-256 in hex of the call.
        seconds: within which the call must begin.
        running: seconds that the call may take, beside `seconds`.
        task_id: the task; empty for a direct call.
        step_id: the step; empty outside of one.
        attempt: which try of the step; 0 outside of one.
        bounds: what the call may use.
        parent: the token that it is delegated from; empty for none.
    """

    audience: str
    acts: tuple[str, ...]
    call: str
    seconds: float = 60.0
    running: float = LONGEST_LIFE
    task_id: str = ""
    step_id: str = ""
    attempt: int = 0
    bounds: Bounds = field(default_factory=Bounds)
    parent: str = ""


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A token, and when it expires: seconds since 1970 by the database's clock."""

    token: str
    expires_at: float


class Permits:
    """Signs permits; in process and without a call, for it is on the way of every step.

    Args:
        keys: what signs, and the time.
    """

    def __init__(self, *, keys: SigningKeys) -> None:
        self._keys = keys

    def sign(self, permit: Permit) -> Signed:
        """The token of a permit.

        Raises:
            UnavailableError: there is no key yet.
        """
        now, signing = self._keys.now(), self._keys.signing()
        expires_at = now + min(permit.seconds, LONGEST_LIFE)
        claims = Claims(
            audience=permit.audience,
            acts=permit.acts,
            call=permit.call,
            issued_at=now,
            expires_at=expires_at,
            until=max(now + min(permit.running, LONGEST_CALL), expires_at),
            token_id=secrets.token_hex(12),
            task_id=permit.task_id,
            step_id=permit.step_id,
            attempt=permit.attempt,
            bounds=permit.bounds,
            parent=permit.parent,
        )
        return Signed(token=sign(claims, kid=signing.kid, key=signing.key), expires_at=expires_at)
