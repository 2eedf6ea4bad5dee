"""Commands whose process lives no longer than the one that starts it: kill -9 leaves nothing behind."""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SHIM = Path(__file__).with_name("shim.py")


@dataclass(frozen=True, kw_only=True)
class Account:
    """An operating system user to run a program as.

    Args:
        name: its name in the password database.
        uid: user id.
        gid: its primary group's id.
    """

    name: str
    uid: int
    gid: int


def tied(
    argv: Sequence[str | Path],
    *,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
) -> list[str]:
    """Return the command that runs ``argv`` tied to the life of the calling process.

    Args:
        argv: the program (a path) and its arguments.
        account: whom to run it as; None means ourselves.
        death_signal: what it gets when the calling process is gone.
    """
    who = f"{account.uid}:{account.gid}" if account else "-"
    shim = [sys.executable, "-I", "-S", str(SHIM), str(os.getpid()), str(int(death_signal)), who]
    return [*shim, *map(str, argv)]
