"""A signing key that leaked, or is to change now: its successor is made on request, and that is audited."""

from orchestrator.identity.api_keys import MANAGE
from orchestrator.identity.audit import Audit
from orchestrator.identity.model import AuditRecord
from orchestrator.signing_keys import SigningKeys
from orchestrator.store_signing_keys import SigningKey
from servicekit.errors import PermissionDeniedError
from servicekit.principal import Principal
from servicekit.request_id import current_request_id

ACTION = "signing_key.rotate"
"""What the audit log calls it."""


class Rotation:
    """Changes the key that signs capability tokens.

    Args:
        keys: the keys.
        audit: where every change is written down.
    """

    def __init__(self, *, keys: SigningKeys, audit: Audit) -> None:
        self._keys = keys
        self._audit = audit

    async def rotate(self, *, drop_older: bool, by: Principal) -> SigningKey:
        """Make a successor, and drop what is older if that is asked for.

        Raises:
            PermissionDeniedError: `by` may not manage keys.
            UnavailableError: the database is away; older keys are still there.
        """
        if not by.may(MANAGE):
            raise PermissionDeniedError(
                f"the scope {MANAGE} is needed", reason="SCOPE_MISSING", metadata={"scope": MANAGE}
            )
        made = await self._keys.succeed(drop_older=drop_older)
        record = AuditRecord(
            tenant=by.tenant,
            subject=by.subject,
            action=ACTION,
            object=made.kid,
            outcome="allowed",
            reason="OLDER_DROPPED" if drop_older else "",
            request_id=current_request_id(),
        )
        await self._audit.append([record])
        return made
