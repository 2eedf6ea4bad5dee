"""A process that dies with the one that started it, so that a kill -9 above leaves nothing behind.

`python -m arms.model.parent_death PROGRAM ARGUMENT...` becomes PROGRAM under that rule.
"""

import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1


def die_with_parent(*, parent: int, signum: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to send this process a signal when its parent's starting thread ends (Linux only).

    Args:
        parent: process id of the parent as it was when this process began; when it is gone already, exit.
        signum: the signal to get.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:
        # It died before the request was made, so no signal would ever come.
        os._exit(1)


def exit_when_orphaned(*, parent: int) -> None:
    """Look every second whether the parent is still there, for systems whose kernel does not tell."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main() -> None:
    """Replace this process by the program in the arguments."""
    die_with_parent(parent=os.getppid())
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  # becoming that program is what this module is for


if __name__ == "__main__":
    main()
