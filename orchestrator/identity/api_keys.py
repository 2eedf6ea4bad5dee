"""Makes, lists, revokes and verifies API keys ``octo_<id>_<secret>``."""

import asyncio
import hmac
import logging
import re
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.identity.key_store import KeyStore
from orchestrator.identity.model import ApiKey, AuditRecord
from servicekit.errors import (
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnavailableError,
    ValidationFailedError,
)
from servicekit.principal import Principal, is_subject, is_tenant
from servicekit.request_id import current_request_id
from servicekit.roles import known_roles

_LOG = logging.getLogger(__name__)

MANAGE = "keys:manage"
"""The scope that keys and the audit log take."""

_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH, _SECRET_LENGTH = 16, 43  # 43 of 62 characters are 256 bits
_FORM = re.compile(r"octo_([A-Za-z0-9]{1,64})_[A-Za-z0-9]{20,128}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key to make.

    Attributes:
        tenant: for whom.
        subject: whom it stands for.
        roles: what it may do.
        label: for people.
        expires_at: when it ends by itself; None for never.
    """

    tenant: str
    subject: str
    roles: Sequence[str]
    label: str = ""
    expires_at: datetime | None = None


class ApiKeys:
    """API keys of all tenants; whoever manages them manages those of his own tenant.

    Args:
        store: where they are kept.
        pepper: the key of their hashes; None takes the installation's own, which the database keeps.
    """

    def __init__(self, *, store: KeyStore, pepper: bytes | None = None) -> None:
        self._store = store
        self._pepper = pepper
        self._touching: set[asyncio.Task[None]] = set()

    async def create(self, new: NewKey, *, by: Principal) -> tuple[ApiKey, str]:
        """Make a key; also returns the whole of it, which is told this once.

        Raises:
            PermissionDeniedError: `by` may not manage keys, or not this tenant's.
            ValidationFailedError: nobody may have this name, or its time would be over already.
        """
        _manages(by, tenant=new.tenant)
        _check(new)
        key_id = "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
        whole = f"octo_{key_id}_" + "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))
        row = {
            "key_id": key_id,
            "tenant": new.tenant,
            "subject": new.subject,
            "roles": list(known_roles(new.roles)),
            "label": new.label,
            "digest": await self._digest(whole),
            "expires_at": new.expires_at,
        }
        made = await self._store.insert(row, audit=_audit(by, action="key.create", key_id=key_id))
        if made is None:
            raise ValidationFailedError(
                "a key whose time is over would be of no use",
                field="expires_at",
                constraint="must lie in the future",
            )
        return made, whole

    async def page(
        self, *, tenant: str, page: int, page_size: int, by: Principal
    ) -> tuple[list[ApiKey], int]:
        """One page of a tenant's keys.

        Raises:
            PermissionDeniedError: `by` may not manage them.
        """
        _manages(by, tenant=tenant)
        return await self._store.page(tenant=tenant, page=page, page_size=page_size)

    async def revoke(self, key_id: str, *, by: Principal) -> ApiKey:
        """End a key; one that was revoked before stays as it is.

        Raises:
            PermissionDeniedError: `by` may not manage keys.
            NotFoundError: the tenant has no such key.
        """
        _manages(by, tenant=by.tenant)
        audit = _audit(by, action="key.revoke", key_id=key_id)
        revoked = await self._store.revoke(key_id=key_id, tenant=by.tenant, audit=audit)
        if revoked is None:
            raise NotFoundError(f"there is no key {key_id}", reason="KEY_NOT_FOUND")
        return revoked

    async def verify(self, presented: str) -> ApiKey:
        """Whom a presented key stands for.

        Raises:
            UnauthenticatedError: for nobody; the reason tells why.
        """
        form = _FORM.fullmatch(presented)
        found = await self._store.find(form.group(1)) if form else None
        if found is None or not hmac.compare_digest(found.digest, await self._digest(presented)):
            raise _not_accepted("API_KEY_UNKNOWN")
        if found.key.revoked_at is not None:
            raise _not_accepted("API_KEY_REVOKED")
        if found.expired:
            raise _not_accepted("API_KEY_EXPIRED")
        if found.stale:
            self._touch(found.key.key_id)
        return found.key

    async def _digest(self, whole: str) -> bytes:
        if self._pepper is None:
            self._pepper = await self._store.pepper()
        return hmac.digest(self._pepper, whole.encode(), "sha256")

    def _touch(self, key_id: str) -> None:
        """Note the use beside the call: nobody waits for it."""
        task = asyncio.create_task(self._touched(key_id))
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    async def _touched(self, key_id: str) -> None:
        try:
            await self._store.touch(key_id)
        except UnavailableError:
            _LOG.debug("the last use of a key was not noted", extra={"key_id": key_id})


def _manages(by: Principal, *, tenant: str) -> None:
    if not by.may(MANAGE) or by.tenant != tenant:
        raise PermissionDeniedError(
            f"the scope {MANAGE} in tenant {tenant} is needed",
            reason="SCOPE_MISSING",
            metadata={"scope": MANAGE},
        )


def _check(new: NewKey) -> None:
    if not is_tenant(new.tenant):
        raise ValidationFailedError("this is no tenant", field="tenant", constraint="must be a slug")
    if not is_subject(new.subject):
        raise ValidationFailedError(
            "nobody may have this name",
            field="subject",
            constraint="must be 1 to 255 printable characters, not anonymous, not begin with service:",
        )
    if not new.roles or len(known_roles(new.roles)) != len(set(new.roles)):
        raise ValidationFailedError(
            "these are no roles",
            field="roles",
            constraint="must be of viewer, user, developer, operator, admin",
        )


def _audit(by: Principal, *, action: str, key_id: str) -> AuditRecord:
    return AuditRecord(
        tenant=by.tenant,
        subject=by.subject,
        action=action,
        object=key_id,
        outcome="allowed",
        request_id=current_request_id(),
    )


def _not_accepted(reason: str) -> UnauthenticatedError:
    return UnauthenticatedError("the API key is not accepted", reason=reason)
