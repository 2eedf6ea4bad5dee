"""Bounds that the kernel enforces on a reading process, whatever a document makes it do."""

import resource
import time

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space."""

OPEN_FILES = 16


def confine(*, memory: int = MEMORY) -> None:
    """Bind this process: memory, no new files, no core dumps. macOS ignores the bound on memory."""
    _lower(resource.RLIMIT_AS, memory)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)


def allow_cpu(seconds: float) -> None:
    """Let this process use so much more processor time; then the kernel ends it (SIGXCPU).

    So it ends by itself when the service that would stop it is gone.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time() + seconds) + 1
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
    )


def _lower(kind: int, bound: int) -> None:
    _, hard = resource.getrlimit(kind)
    lowered = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
    try:
        resource.setrlimit(kind, (lowered, hard))
    except (OSError, ValueError):  # a system without this bound: time still bounds the work
        return
