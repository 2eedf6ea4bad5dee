"""Who may be permitted what: direct calls, and what the holder of a token may pass on."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from types import MappingProxyType

from orchestrator.identity.audit import Audit
from orchestrator.identity.model import AuditRecord
from orchestrator.permits import Permit, Permits, Signed
from orchestrator.register import Register
from orchestrator.signing_keys import SigningKeys
from servicekit.capability.claims import Claims
from servicekit.capability.token import key_id, read
from servicekit.errors import (
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
    ValidationFailedError,
)
from servicekit.principal import Principal
from servicekit.request_id import current_request_id

_LOG = logging.getLogger(__name__)

DELEGATIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        # The coder runs what it wrote, and its tests: code that did not exist when its step began.
        "code_generation": frozenset({"code_execution", "shell_command"}),
        # The judge runs code that a criterion speaks of.
        "validate": frozenset({"code_execution", "shell_command"}),
    }
)
"""By the act of the held token, the acts that it may lead to; whatever does not stand here leads to none."""


SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "code_execution": "sandbox:execute",
        "shell_command": "sandbox:execute",
        "http_request": "sandbox:execute",
        "put_document": "document:write",
        "delete_document": "document:write",
        "get_document": "document:read",
        "list_documents": "document:read",
        "document_search": "document:read",
    }
)
"""The scope that a principal needs for a direct call, by act."""

ANY_OTHER = "arm:invoke"
"""The scope that every other act needs."""


class Capabilities:
    """Issues and narrows tokens.

    Args:
        permits: signs.
        keys: verifies what is held, and knows the time.
        register: the arm instances that there are.
        audit: where refusals are written down.
    """

    def __init__(self, *, permits: Permits, keys: SigningKeys, register: Register, audit: Audit) -> None:
        self._permits = permits
        self._keys = keys
        self._register = register
        self._audit = audit

    async def issue(self, permit: Permit, *, by: Principal) -> Signed:
        """A token for a direct call.

        Raises:
            PermissionDeniedError: `by` may not do this.
            ValidationFailedError: it names a task or a step; tokens for those are never given away.
            NotFoundError: no such arm instance is registered.
        """
        async with self._audited(permit, action="capability.issue", by=by):
            _check_scopes(permit, by)
        if permit.task_id or permit.step_id or permit.attempt:
            raise ValidationFailedError(
                "a direct call belongs to no task and no step",
                field="grant.task_id",
                constraint="must be empty",
                reason="NOT_A_DIRECT_CALL",
            )
        await self._check_audience(permit.audience)
        return self._permits.sign(permit)

    async def delegate(self, permit: Permit, *, held: str, by: Principal) -> Signed:
        """A token narrower than the one held.

        Raises:
            PermissionDeniedError: the held one is not good, or does not reach that far.
            NotFoundError: no such arm instance is registered.
        """
        async with self._audited(permit, action="capability.delegate", by=by):
            claims = self._held(held)
            _check_narrower(permit, claims)
        await self._check_audience(permit.audience)
        left = claims.until - self._keys.now()
        return self._permits.sign(
            replace(
                permit,
                seconds=min(permit.seconds, left),
                running=left,
                task_id=claims.task_id,
                step_id=claims.step_id,
                attempt=claims.attempt,
                bounds=permit.bounds.within(claims.bounds),
                parent=claims.token_id,
            )
        )

    @asynccontextmanager
    async def _audited(self, permit: Permit, *, action: str, by: Principal) -> AsyncGenerator[None]:
        """Write down what is refused in the block."""
        try:
            yield
        except PermissionDeniedError as error:
            record = AuditRecord(
                tenant=by.tenant,
                subject=by.subject,
                action=action,
                outcome="refused",
                object=f"{permit.audience}/{','.join(permit.acts)}"[:255],
                reason=error.reason,
                request_id=current_request_id(),
            )
            _LOG.warning("%s: %s", action, error.message, extra={"audit": action, "reason": error.reason})
            with suppress(UnavailableError):  # it stands in the log
                await self._audit.append([record])
            raise

    def _held(self, token: str) -> Claims:
        key = self._keys.verifying().get(key_id(token))
        if key is None:
            raise PermissionDeniedError(
                "the token is signed with a key that is not ours", reason="CAPABILITY_KEY_UNKNOWN"
            )
        claims = read(token, key=key)
        if claims.until <= self._keys.now():
            raise PermissionDeniedError(
                "the call that the token was for must have ended by now", reason="CAPABILITY_EXPIRED"
            )
        if claims.parent:
            raise PermissionDeniedError(
                "a token that was delegated cannot be delegated on", reason="CAPABILITY_NOT_DELEGABLE"
            )
        return claims

    async def _check_audience(self, instance_id: str) -> None:
        if not self._is_registered(instance_id):
            await self._register.look()  # it may have come just now, at another orchestrator
        if not self._is_registered(instance_id):
            raise NotFoundError(
                f"no arm instance {instance_id} is registered: ask GetArm which one is",
                field="grant.audience_instance_id",
                reason="ARM_INSTANCE_UNKNOWN",
            )

    def _is_registered(self, instance_id: str) -> bool:
        return any(instance.instance_id == instance_id for instance in self._register.instances)


def _check_scopes(permit: Permit, principal: Principal) -> None:
    """Refuse acts that the principal has no scope for.

    Raises:
        PermissionDeniedError: naming the scope.
    """
    for act in permit.acts:
        scope = SCOPES.get(act, ANY_OTHER)
        if not principal.may(scope):
            raise PermissionDeniedError(
                f"the scope {scope} is needed for {act}", reason="SCOPE_MISSING", metadata={"scope": scope}
            )


def _check_narrower(permit: Permit, held: Claims) -> None:
    """Refuse what the held token does not lead to.

    Raises:
        PermissionDeniedError: naming the act or the field that goes too far.
    """
    allowed = {act for own in held.acts for act in DELEGATIONS.get(own, ())}
    for act in permit.acts:
        if act not in allowed:
            raise PermissionDeniedError(
                f"a token for {', '.join(held.acts)} does not lead to {act}",
                field="grant.acts",
                reason="CAPABILITY_TOO_WIDE",
            )
    asked = {"task_id": permit.task_id, "step_id": permit.step_id, "attempt": permit.attempt}
    has = {"task_id": held.task_id, "step_id": held.step_id, "attempt": held.attempt}
    for name, value in asked.items():
        if value and value != has[name]:
            raise PermissionDeniedError(
                f"the held token is for another {name}", field=f"grant.{name}", reason="CAPABILITY_TOO_WIDE"
            )
