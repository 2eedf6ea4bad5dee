"""Whose tasks an act may touch; every query of tasks carries it, and what it does not cover is not found."""

from dataclasses import dataclass

from servicekit.principal import Principal


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Tasks of one tenant.

    Attributes:
        tenant: whose.
        subject: only this subject's; None for everybody's.
    """

    tenant: str
    subject: str | None = None


def reach(owner: Principal, scope: str) -> Reach:
    """One's own tasks, or with ``<scope>:all`` those of the whole tenant."""
    return Reach(tenant=owner.tenant, subject=None if owner.may(f"{scope}:all") else owner.subject)
