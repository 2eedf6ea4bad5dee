"""What the llama.cpp wheel needs of this machine, checked before it is loaded, told in words that help."""

import ctypes
import importlib.util
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What is asked of the machine; tests pass their own.

    Attributes:
        system: such as "linux" or "darwin".
        architecture: such as "x86_64".
        cpu_flags: the processor's feature names.
        can_load: whether a shared library can be loaded.
        has_package: whether a Python package is installed.
    """

    system: str
    architecture: str
    cpu_flags: frozenset[str]
    can_load: Callable[[str], bool]
    has_package: Callable[[str], bool]


def this_machine() -> Machine:
    """The machine that we run on."""
    return Machine(
        system=sys.platform,
        architecture=platform.machine(),
        cpu_flags=_cpu_flags(),
        can_load=_can_load,
        has_package=lambda name: importlib.util.find_spec(name) is not None,
    )


def missing_requirement(machine: Machine) -> str:
    """Return what is missing and what to do about it, or an empty string."""
    if not machine.has_package("xllamacpp"):
        return (
            "the package xllamacpp is not installed: install OctoLLM with the extra `embedded`, "
            "or set OCTOLLM_MODEL_BASE_URL to another model server"
        )
    if machine.system == "linux" and not machine.can_load("libgomp.so.1"):
        return (
            "the library libgomp.so.1 is missing: install the package libgomp1 (Debian) or libgomp (Fedora)"
        )
    if machine.system == "linux" and machine.architecture == "x86_64" and "avx2" not in machine.cpu_flags:
        return (
            "this processor (or virtual machine) has no AVX2, which the local model needs: "
            "set OCTOLLM_MODEL to a hosted model, or OCTOLLM_MODEL_BASE_URL to another model server"
        )
    return ""


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _cpu_flags() -> frozenset[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split())
