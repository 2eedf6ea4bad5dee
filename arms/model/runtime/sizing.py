"""How many threads, slots and tokens of context the local model gets on this machine."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import psutil

SLOT_CONTEXT = 8192
"""Tokens of one request, prompt and answer; 8192 tokens of the 1.5B model's cache take 235 MB."""

SPIN_COUNT = ("GOMP_SPINCOUNT", "2000")
"""How long an idle thread of the OpenMP runtime spins before it sleeps; read when libgomp is loaded.

Measured with the 0.5B model on two cores: 21 tokens/s idle and 10 beside a busy process. The runtime's
default spins far longer and falls to 1 beside a busy process; a passive wait policy gives 16 and 12; one
thread fewer 13 and 13, and reads prompts at half the speed.
"""

_ROOMY_BYTES = 6_000_000_000


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """What the server is given.

    Attributes:
        threads: threads that compute.
        slots: requests worked on at once; more than the cores can feed make each slower.
        slot_context: tokens of one request.
        repack: whether weights are copied into a faster layout (1.5B: 15 tokens/s instead of 11, and
            2.1 GB resident instead of 1.5 GB).
        prompt_cache_mib: memory for prompts seen before; llama.cpp's own default is 8 GB.
    """

    threads: int
    slots: int = 1
    slot_context: int = SLOT_CONTEXT
    repack: bool = True
    prompt_cache_mib: int = 64


def size_for_this_machine() -> Sizing:
    """Choose for the cores and the memory that this process may use."""
    return Sizing(threads=usable_cores(), repack=psutil.virtual_memory().available >= _ROOMY_BYTES)


def usable_cores(*, cpu_max: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores that this process may use: the least of its affinity and its control group's quota.

    Args:
        cpu_max: the control group's file, ``<quota|max> <period>`` in microseconds.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = cpu_max.read_text(encoding="ascii").split()
        if quota != "max":
            cores = min(cores, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):
        pass  # no control group version 2 here: the affinity is all there is
    return max(1, cores)
