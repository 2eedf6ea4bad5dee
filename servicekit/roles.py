"""Roles and what they may do: the one table, read by whoever lets a request through."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

_VIEWER = frozenset({"task:read", "arm:list", "document:read", "stats:read"})
_USER = _VIEWER | {"task:submit", "task:cancel", "cache:read", "reflex:check", "arm:invoke"}
_DEVELOPER = _USER | {"cache:write", "sandbox:execute", "document:write"}
_OPERATOR = frozenset(
    {
        "task:submit",
        "task:read",
        "task:read:all",
        "task:cancel",
        "task:cancel:all",
        "arm:list",
        "cache:read",
        "cache:write",
    }
)

ROLES: Mapping[str, frozenset[str]] = {
    "viewer": _VIEWER,
    "user": _USER,
    "developer": _DEVELOPER,
    "operator": _OPERATOR,
    "admin": _DEVELOPER | _OPERATOR | {"arm:register", "keys:manage"},
}
"""The scopes of each role. What ends with ``:all`` reaches beyond one's own, within one's tenant."""


@lru_cache(maxsize=256)
def scopes_of(roles: tuple[str, ...]) -> frozenset[str]:
    """What all these roles together may do; an unknown role adds nothing."""
    return frozenset[str]().union(*(ROLES.get(role, frozenset()) for role in roles))


def known_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Those that we know, each once, in the table's order."""
    given = set(roles)
    return tuple(role for role in ROLES if role in given)
