"""Who a request acts for: a tenant and a subject within it, and which of our services asks."""

import re
from contextvars import ContextVar
from dataclasses import dataclass

from servicekit.roles import scopes_of

_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Whose request it is.

    Attributes:
        tenant: the organisation; everything stored belongs to exactly one.
        subject: the user or machine within the tenant.
        roles: what it may do; see `servicekit.roles`.
    """

    tenant: str
    subject: str
    roles: tuple[str, ...] = ()

    def may(self, scope: str) -> bool:
        """Whether its roles hold this scope."""
        return scope in scopes_of(self.roles)


ANONYMOUS = Principal(tenant="default", subject="anonymous", roles=("admin",))
"""Everybody, while authentication is off; nobody else may bear this name."""

_SERVICE = "service:"


def service_principal(service: str) -> Principal:
    """Whom a service stands for when it acts on its own, not for a caller; it has no role."""
    return Principal(tenant=ANONYMOUS.tenant, subject=f"{_SERVICE}{service}")


def is_tenant(text: str) -> bool:
    """Whether a tenant may have this name."""
    return _TENANT.fullmatch(text) is not None


def is_subject(text: str) -> bool:
    """Whether somebody who authenticates may have this name: ours are taken, control characters confuse."""
    return (
        0 < len(text) <= _LONGEST_SUBJECT
        and text.isprintable()
        and text != ANONYMOUS.subject
        and not text.startswith(_SERVICE)
    )


_current: ContextVar[Principal] = ContextVar("principal", default=ANONYMOUS)
_caller: ContextVar[str] = ContextVar("caller", default="")


def current_principal() -> Principal:
    """The principal that the current request acts for."""
    return _current.get()


def set_principal(principal: Principal) -> None:
    """Make `principal` the current one for this asyncio task and those it starts."""
    _current.set(principal)


def current_caller() -> str:
    """The service of ours that made the current call; empty while authentication is off."""
    return _caller.get()


def set_caller(service: str) -> None:
    """Make `service` the caller for this asyncio task and those it starts."""
    _caller.set(service)
