"""API keys and the audit log."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.schemas.base import Instant, QueryInstant, Sent, Told
from gateway.schemas.paging import PageQuery, Pagination

KEY_ID_PATTERN = "^[A-Za-z0-9]{1,64}$"

Role = Literal["viewer", "user", "developer", "operator", "admin"]
Outcome = Literal["allowed", "refused"]


class KeyRequest(Sent):
    """An API key to make, in the caller's tenant."""

    subject: str = Field(
        min_length=1,
        max_length=255,
        description="Whom the key stands for; tasks that it submits are this subject's.",
    )
    roles: Annotated[list[Role], Field(min_length=1, max_length=10)] = Field(description="What it may do.")
    label: str = Field(default="", max_length=200, description="For people, such as where it is used.")
    expires_in_days: int | None = Field(
        default=None, ge=1, le=3650, description="When it ends by itself; never when left out."
    )


class Key(Told):
    """An API key without its secret."""

    key_id: str
    tenant: str
    subject: str
    roles: list[Role]
    label: str
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None


class MadeKey(Key):
    """An API key with its secret, this once."""

    secret: str = Field(description="`octo_<id>_<secret>`, to be sent as `Authorization: Bearer ...`.")


class KeyPage(Told):
    """One page of keys, newest first."""

    data: list[Key]
    pagination: Pagination


class AuditQuery(PageQuery):
    """Which records."""

    created_after: QueryInstant | None = Field(default=None, description="Only at or after this time.")
    outcome: Outcome | None = Field(
        default=None, description="Only what was allowed, or only what was refused."
    )


class AuditRecord(Told):
    """One thing that somebody did or was refused."""

    created_at: Instant
    tenant: str
    subject: str = Field(description="Who; empty where that is not known.")
    action: str = Field(
        description="What, such as `task.create`; `request` for what was refused at the door."
    )
    object: str = Field(description="On what, such as a task id.")
    outcome: Outcome
    reason: str = Field(description="Why it was refused.")
    request_id: str
    address: str = Field(description="The client's, where something was refused.")


class AuditPage(Told):
    """One page of the log, newest first."""

    data: list[AuditRecord]
    pagination: Pagination
