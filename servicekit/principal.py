"""Who a request acts for: a tenant and a subject within it."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Whose request it is.

    Attributes:
        tenant: the organisation; everything stored belongs to exactly one.
        subject: the user or machine within the tenant.
    """

    tenant: str
    subject: str


ANONYMOUS = Principal(tenant="default", subject="anonymous")
"""Everybody, while authentication is off."""

_current: ContextVar[Principal] = ContextVar("principal", default=ANONYMOUS)


def current_principal() -> Principal:
    """The principal that the current request acts for."""
    return _current.get()


def set_principal(principal: Principal) -> None:
    """Make `principal` the current one for this asyncio task and those it starts."""
    _current.set(principal)
