"""How much one program in the sandbox may use."""

import math
import resource
from collections.abc import Mapping
from dataclasses import dataclass

MEBIBYTE = 1024 * 1024

LIMITER = "/usr/bin/prlimit"
"""Sets limits and becomes the program; a part of util-linux."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on one program.

    What the kernel keeps for open sockets and pipes comes on top: about 0.2 MiB for each open file of each
    process. A memory limit around the executor itself (a container's, a service manager's) bounds all of it.

    Attributes:
        wall_seconds: from start to end.
        memory_bytes: resident in all processes together.
        disk_bytes: in the working directory, which is memory too.
        inodes: files, directories and links in the working directory.
        processes: processes and threads at one time.
        open_files: file descriptors of one process.
        output_bytes: on stdout and stderr together.
        artifact_bytes: of all files that come back together.
    """

    wall_seconds: float = 30.0
    memory_bytes: int = 512 * MEBIBYTE
    disk_bytes: int = 64 * MEBIBYTE
    inodes: int = 8192
    processes: int = 32
    open_files: int = 64
    output_bytes: int = MEBIBYTE
    artifact_bytes: int = 2 * MEBIBYTE


def limiter(limits: Limits) -> tuple[str, ...]:
    """Return the command that runs inside, before the program, and binds it and all it will start.

    It must run inside: the number of processes is counted by user namespace, and from outside even root may
    lack the right (CAP_SYS_RESOURCE) to bind another account's process. A limit that is stricter already
    stays: nobody may raise it.
    """
    bounds = {name: _not_above_ours(number, value) for name, (number, value) in _bounds(limits).items()}
    return (LIMITER, *(f"--{name}={value}" for name, value in bounds.items()), "--")


def _bounds(limits: Limits) -> Mapping[str, tuple[int, int]]:
    return {
        "as": (resource.RLIMIT_AS, 2 * limits.memory_bytes),
        "data": (resource.RLIMIT_DATA, limits.memory_bytes),
        "fsize": (resource.RLIMIT_FSIZE, limits.disk_bytes),
        "nofile": (resource.RLIMIT_NOFILE, limits.open_files),
        "nproc": (resource.RLIMIT_NPROC, limits.processes),
        "cpu": (resource.RLIMIT_CPU, math.ceil(limits.wall_seconds) + 1),
        "core": (resource.RLIMIT_CORE, 0),
        "memlock": (resource.RLIMIT_MEMLOCK, 0),
        "msgqueue": (resource.RLIMIT_MSGQUEUE, 0),
        "sigpending": (resource.RLIMIT_SIGPENDING, 4 * limits.processes),
        "nice": (resource.RLIMIT_NICE, 0),
        "rtprio": (resource.RLIMIT_RTPRIO, 0),
    }


def _not_above_ours(number: int, value: int) -> int:
    _, hard = resource.getrlimit(number)
    return value if hard == resource.RLIM_INFINITY else min(value, hard)
