"""Who reaps a process whose parent is gone: this one, where the first process of the machine may not."""

import ctypes
import sys

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, so that we can reap them; call it once a process.

    bubblewrap leaves the first process inside to init. In a container that is often a program which reaps
    late or never, and every sandbox would leave a zombie. Does nothing outside of Linux: no sandbox is there.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
