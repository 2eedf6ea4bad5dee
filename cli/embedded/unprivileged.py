"""Who runs PostgreSQL when we are root, and whether that account can reach a place."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from servicekit.errors import UnavailableError
from servicekit.tied import Account

PROBE = """
import os, sys
uid, gid, mode, path = sys.argv[1:]
os.setgroups([]); os.setgid(int(gid)); os.setuid(int(uid))
sys.exit(0 if os.access(path, int(mode)) else 1)
"""


def server_account() -> Account | None:
    """Return the account PostgreSQL is to run as: ``nobody`` when we are root, else None for ourselves.

    Raises:
        UnavailableError: the account that is needed has no entry in the password database.
    """
    root = os.geteuid() == 0
    try:
        entry = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    except KeyError as error:
        who = "the user 'nobody'" if root else f"user id {os.geteuid()}"
        raise UnavailableError(
            f"The embedded PostgreSQL cannot run: {who} has no entry in the password database. "
            "Add one, or set OCTOLLM_DATABASE_URL to another PostgreSQL.",
            reason="NO_ACCOUNT",
        ) from error
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid) if root else None


def can_reach(path: Path, *, account: Account, mode: int = os.X_OK) -> bool:
    """Ask the kernel, as that account, whether ``path`` may be entered or run (``mode`` as for os.access)."""
    command = [sys.executable, "-I", "-S", "-c", PROBE]
    numbers = [str(account.uid), str(account.gid), str(mode)]
    return subprocess.run([*command, *numbers, path], check=False, env={}, cwd="/").returncode == 0


@contextmanager
def temporary_data_dir(*, prefix: str = "octollm-") -> Generator[Path]:
    """Make a data directory for the length of the block, in a place where the embedded PostgreSQL can run.

    A plain temporary directory of root is closed to the account PostgreSQL runs as; this one is not, and
    nobody else can list it.

    Raises:
        UnavailableError: no temporary directory of this machine can be reached by that account.
    """
    account = server_account()
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=_reachable_base(account) if account else None))
    if account:
        path.chmod(0o711)  # ours, just made
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _reachable_base(account: Account) -> str:
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - mkdtemp makes our own directory in it
        if can_reach(Path(base), account=account):
            return base
    raise UnavailableError(
        f"No temporary directory can be entered by {account.name}, who runs the embedded PostgreSQL: "
        "set TMPDIR to one that can.",
        reason="UNREACHABLE_DIRECTORY",
    )
