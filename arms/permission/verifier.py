"""The seam at which a call's permission is checked, and what a permitted call may use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from arms.model.usage import CallLimits
from servicekit.metrics import Metrics


@dataclass(frozen=True, kw_only=True)
class Instance:
    """The running arm whose calls are checked.

    Attributes:
        arm_id: its kind.
        instance_id: which running one; tokens are for exactly one.
        metrics: where refusals are counted.
    """

    arm_id: str
    instance_id: str
    metrics: Metrics


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A call was permitted.

    Attributes:
        token: what the caller showed; a narrower one may be delegated from it while the call runs.
        limits: what the call may use at most, whatever it asks for.
    """

    token: str = ""
    limits: CallLimits = field(default_factory=CallLimits)


class Verifier(Protocol):
    """Checks a call's capability token before anything is done."""

    async def verify(self, *, token: str, act: str, call: bytes, task_id: str) -> Permission:
        """Return when the token allows the act with exactly this call.

        Args:
            token: what the caller showed; may be empty.
            act: the capability that is asked for.
            call: the request, serialised deterministically, without its token.
            task_id: the task that the request names; empty for none.

        Raises:
            PermissionDeniedError: it does not; nothing has been done.
            UnavailableError: that cannot be told now; nothing has been done.
        """
        ...


Verifiers = Callable[[Instance], Verifier | None]
"""Makes the verifier of each arm instance; None where calls are carried out unasked, as in tests."""
