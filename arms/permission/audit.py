"""Where refused calls are written down."""

import logging
from dataclasses import dataclass
from typing import Protocol

_LOG = logging.getLogger(__name__)

ACTION = "capability.use"
"""What the audit log calls a call of an arm."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A call that was not permitted.

    Attributes:
        arm_id: the arm's kind.
        instance_id: which running one.
        act: the capability that was asked for.
        task_id: the task that the request named; empty for none.
        token_id: the token's own id, when its signature held; empty otherwise.
        reason: the stable word for why.
        message: the same for people.
    """

    arm_id: str
    instance_id: str
    act: str
    task_id: str
    token_id: str
    reason: str
    message: str


class Audit(Protocol):
    """Writes refusals down; never fails and never keeps a call waiting."""

    def refused(self, refusal: Refusal) -> None:
        """Write one down."""
        ...

    async def follow(self) -> None:
        """Bring what is written to where it is kept, until cancelled."""
        ...


def log_refusal(refusal: Refusal) -> None:
    """Write one into the log."""
    _LOG.warning(
        "a call was refused: %s",
        refusal.message,
        extra={
            "audit": ACTION,
            "arm": refusal.arm_id,
            "instance": refusal.instance_id,
            "act": refusal.act,
            "refused_task_id": refusal.task_id,
            "token_id": refusal.token_id,
            "reason": refusal.reason,
        },
    )
