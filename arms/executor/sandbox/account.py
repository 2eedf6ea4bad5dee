"""Under which account the sandbox is built: never as root."""

import os
import pwd
from dataclasses import dataclass

SPARE_ID = 65533
"""A user id that distributions leave unused: unlike `nobody` it owns nothing of another service."""

BECOME = "/usr/bin/setpriv"
"""Becomes another account and then a program; a part of util-linux."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An unprivileged account.

    Attributes:
        uid: its user id.
        gid: its group id.
        changes: whether the sandbox must be started as somebody else than this process.
    """

    uid: int
    gid: int
    changes: bool

    @property
    def becoming(self) -> tuple[str, ...]:
        """The command that becomes this account for good, and then another command."""
        if not self.changes:
            return ()
        identity = (f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups")
        return (BECOME, *identity, "--inh-caps=-all", "--no-new-privs", "--")


def sandbox_account() -> Account:
    """Return ourselves, or an unprivileged account when we are root."""
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid(), changes=False)
    try:
        taken = pwd.getpwuid(SPARE_ID)
    except KeyError:
        return Account(uid=SPARE_ID, gid=SPARE_ID, changes=True)
    return Account(uid=taken.pw_uid, gid=taken.pw_gid, changes=True)
