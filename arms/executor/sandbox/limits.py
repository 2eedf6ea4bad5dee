"""How much one program in the sandbox may use."""

import math
import resource
from collections.abc import Mapping
from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on one program.

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
    open_files: int = 128
    output_bytes: int = MEBIBYTE
    artifact_bytes: int = 8 * MEBIBYTE


def resource_limits(limits: Limits, *, extra_files: int = 0) -> Mapping[int, int]:
    """Return the kernel's limits by RLIMIT_* number; each is both the soft and the hard one.

    Args:
        limits: what the program may use.
        extra_files: descriptors that bubblewrap holds while it sets the sandbox up.
    """
    return {
        resource.RLIMIT_AS: 2 * limits.memory_bytes,
        resource.RLIMIT_DATA: limits.memory_bytes,
        resource.RLIMIT_FSIZE: limits.disk_bytes,
        resource.RLIMIT_NOFILE: limits.open_files + extra_files,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_CPU: math.ceil(limits.wall_seconds) + 1,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 4 * limits.processes,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
    }


def apply_to(pid: int, limits: Mapping[int, int]) -> None:
    """Bind process `pid` and all it will start; a limit that is stricter already stays.

    Raises:
        OSError: the process is gone, or is not ours.
    """
    for number, value in limits.items():
        _, hard = resource.prlimit(pid, number)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.prlimit(pid, number, (bound, bound))
