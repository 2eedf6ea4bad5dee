"""Runs another program in this process, so that it lives no longer than the process that asked for it.

`servicekit.tied` writes its command. Started by path with `python -I -S`, before any package can be imported:
standard library only. The order matters: imports stand first, because the account may not be able to read
Python's library; the account is changed next, because the kernel then forgets the parent-death signal.

    shim.py PARENT_PID SIGNAL UID:GID|- PROGRAM [ARGUMENT ...]
"""

import ctypes
import os
import sys
import time

PR_SET_PDEATHSIG = 1
EXIT_PARENT_GONE = 125
EXIT_CANNOT_RUN = 126


def drop_to(account: str) -> None:
    """Become ``UID:GID`` with no other group; ``-`` changes nothing."""
    if account == "-":
        return
    uid, gid = (int(number) for number in account.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with(parent: int, *, signal_number: int) -> None:
    """Have the kernel send ``signal_number`` to this process when ``parent`` is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    else:
        watch(parent, signal_number=signal_number)
    if os.getppid() != parent:  # it went before the kernel was told
        sys.exit(EXIT_PARENT_GONE)


def watch(parent: int, *, signal_number: int, interval: float = 0.5) -> None:
    """Do the same without the kernel's help: a detached watcher outlives neither of the two."""
    watched = os.getpid()
    if os.fork() != 0:
        os.wait()
        return
    if os.fork() != 0:  # detached, so that the watched program never sees a child it did not start
        os._exit(0)
    os.closerange(0, 256)
    while exists(watched):
        if not exists(parent):
            os.kill(watched, signal_number)
            break
        time.sleep(interval)
    os._exit(0)


def exists(pid: int) -> bool:
    """Tell whether a process with this id is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main(arguments: list[str]) -> None:
    """Take the account, tie the life to the parent, become the program."""
    parent, signal_number, account, *program = arguments
    drop_to(account)
    die_with(int(parent), signal_number=int(signal_number))
    try:
        os.execv(program[0], program)  # noqa: S606 - to run what it is told is its purpose
    except OSError as error:
        sys.stderr.write(f"cannot run {program[0]}: {error.strerror}\n")
        sys.exit(EXIT_CANNOT_RUN)


if __name__ == "__main__":
    main(sys.argv[1:])
