"""The words of identity: API keys without their secrets, audit records."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Outcome = Literal["allowed", "refused"]


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key without its secret.

    Attributes:
        key_id: the public part of ``octo_<id>_<secret>``.
        tenant: the tenant it belongs to.
        subject: whom it stands for.
        roles: what it may do.
        label: for people.
        created_at: when it was made.
        expires_at: when it ends by itself; None for never.
        revoked_at: when it was revoked; None when it was not.
        last_used_at: when it was used last, to the minute; None for never.
    """

    key_id: str
    tenant: str
    subject: str
    roles: tuple[str, ...]
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AuditRecord:
    """One thing that somebody did or was refused.

    Attributes:
        tenant: whose log it stands in.
        subject: who; empty where that is not known.
        action: what, such as ``task.create``.
        outcome: whether it was allowed.
        object: on what, such as a task id.
        reason: why it was refused.
        request_id: the X-Request-ID.
        address: the client's.
        created_at: when; None for now.
    """

    tenant: str
    subject: str
    action: str
    outcome: Outcome
    object: str = ""
    reason: str = ""
    request_id: str = ""
    address: str = ""
    created_at: datetime | None = None
