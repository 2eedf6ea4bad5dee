"""Runs a program as an ordinary user: in a user namespace of its own, where nothing of ours is out of reach.

    as_user.py PROGRAM ARGUMENT...

As root, another user might not be able to read this checkout or this Python. In the namespace the process has
an ordinary user's id and no privilege, and files of the real root are its own. An ordinary user just runs it.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000


def become_ordinary() -> None:
    """Give up being root, for this process and what it starts."""
    user = next(entry for entry in pwd.getpwall() if entry.pw_uid not in (0, 65534))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        sys.exit(f"a user namespace is needed to stop being root: {os.strerror(number)}")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{user.pw_gid} 0 1")
    Path("/proc/self/uid_map").write_text(f"{user.pw_uid} 0 1")


if __name__ == "__main__":
    if os.geteuid() == 0:
        become_ordinary()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - to run what it is told is its purpose
