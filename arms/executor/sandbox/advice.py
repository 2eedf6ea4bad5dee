"""Finds out what keeps the sandbox from working on this machine, and says what to change."""

from collections.abc import Callable
from pathlib import Path


def advice(*, root: Path = Path("/")) -> str:
    """Return what to change, one sentence for each obstacle that is seen; empty when none is.

    Args:
        root: where the machine's /proc is found.
    """
    return " ".join(text for seen, text in OBSTACLES if seen(root / "proc"))


def _setting(name: str, *, obstructs: str) -> Callable[[Path], bool]:
    def seen(proc: Path) -> bool:
        try:
            return (proc / "sys" / name).read_text().strip() == obstructs
        except OSError:
            return False

    return seen


def _filtered(proc: Path) -> bool:
    """Whether a container runtime filters our own system calls."""
    try:
        return "\nSeccomp:\t2" in (proc / "self/status").read_text()
    except OSError:
        return False


OBSTACLES: tuple[tuple[Callable[[Path], bool], str], ...] = (
    (
        lambda proc: not (proc / "self/ns/user").exists(),
        (
            "This kernel has no user namespaces: the sandbox needs Linux; elsewhere (macOS), run the "
            "executor in a Linux container or virtual machine."
        ),
    ),
    (
        _setting("user/max_user_namespaces", obstructs="0"),
        "User namespaces are turned off: run `sysctl -w user.max_user_namespaces=10000` as root.",
    ),
    (
        _setting("kernel/unprivileged_userns_clone", obstructs="0"),
        "User namespaces are for root only: run `sysctl -w kernel.unprivileged_userns_clone=1` as root.",
    ),
    (
        _setting("kernel/apparmor_restrict_unprivileged_userns", obstructs="1"),
        (
            "AppArmor restricts user namespaces: run `sysctl -w kernel.apparmor_restrict_unprivileged_"
            "userns=0` as root, or give bubblewrap a profile with the rule `userns`."
        ),
    ),
    (
        _filtered,
        (
            "A system call filter is in force, as in Docker's default: start the executor's container with "
            "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt "
            "systempaths=unconfined`, or with a profile that allows user namespaces and mounts in them."
        ),
    ),
)
"""What is looked at, and what is said when it is found."""
