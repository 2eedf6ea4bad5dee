"""Writes bubblewrap's command line: what a program in the sandbox sees of the machine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from arms.executor.sandbox.collect import collected
from arms.executor.sandbox.files import WORK
from arms.executor.sandbox.limits import Limits, limiter
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.program import Program

USER = "1000"
"""The program's user and group id in its own namespace."""

DEVICES = ("null", "full", "random", "urandom")
"""Not /dev/zero: mapped as shared it is memory that nothing counts."""


STARTER = 'echo >&0 && read -r go && exec "$@"'
"""Tells on its standard input, a socket, that the sandbox stands, and becomes the program when it hears back.

bubblewrap asks to die with its parent only while it sets the sandbox up. An executor that is killed before
that must not leave a program that runs alone: here nobody answers, and the program never begins.
"""


@dataclass(frozen=True, kw_only=True)
class Descriptors:
    """The open files that bubblewrap is handed.

    Attributes:
        filter: the system call filter is read from it.
        status: bubblewrap writes what happens to it, as JSON.
        returned: files that come back are written to it; None when none are wanted.
        files: names of files in the working directory by the descriptor of their content.
    """

    filter: int
    status: int
    returned: int | None
    files: Mapping[int, str]

    @property
    def all(self) -> tuple[int, ...]:
        """Every one of them."""
        wanted = () if self.returned is None else (self.returned,)
        return (self.filter, self.status, *wanted, *self.files)


def command_line(program: Program, *, parts: Parts, limits: Limits, descriptors: Descriptors) -> list[str]:
    """Return the command that runs `program` in the sandbox."""
    return [
        *parts.account.becoming,
        str(parts.bubblewrap),
        *("--unshare-all", "--unshare-user", "--disable-userns", "--new-session", "--die-with-parent"),
        *("--uid", USER, "--gid", USER, "--hostname", "sandbox", "--clearenv"),
        *_environment(program),
        *_system(),
        *_devices(),
        *_shown(parts.interpreter.binds),
        *_shown(program.binds),
        *_working_directory(limits, files=descriptors.files),
        *("--remount-ro", "/"),
        *("--seccomp", str(descriptors.filter)),
        *("--json-status-fd", str(descriptors.status)),
        "--",
        *("/bin/sh", "-c", STARTER if program.listens else f"{STARTER} </dev/null", "sh"),
        *limiter(limits),
        *collected(program, parts=parts, limits=limits, channel=descriptors.returned),
    ]


def _environment(program: Program) -> Iterator[str]:
    variables = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(WORK),
        "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
        "USER": "sandbox",
        "LANG": "C.UTF-8",
        **program.environment,
    }
    for name, value in variables.items():
        yield from ("--setenv", name, value)


def _system() -> Iterator[str]:
    """Show /usr, and the old names of its parts: links on most systems, directories of their own on some."""
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("/bin", "/lib", "/lib32", "/lib64", "/sbin"):
        if Path(name).is_symlink():
            yield from ("--symlink", str(Path(name).readlink()), name)
        elif Path(name).is_dir():
            yield from ("--ro-bind", name, name)


def _devices() -> Iterator[str]:
    """Show single devices: bubblewrap's own /dev has a /dev/shm of half the machine's memory."""
    yield from ("--perms", "0755", "--dir", "/dev")
    for name in DEVICES:
        yield from ("--dev-bind", f"/dev/{name}", f"/dev/{name}")
    yield from ("--symlink", str(WORK), "/dev/shm")  # noqa: S108 - shared memory counts as disk


def _shown(binds: Mapping[Path, Path]) -> Iterator[str]:
    for inside, outside in binds.items():
        yield from ("--ro-bind", str(outside), str(inside))


def _working_directory(limits: Limits, *, files: Mapping[int, str]) -> Iterator[str]:
    yield from ("--size", str(limits.disk_bytes), "--perms", "0700", "--tmpfs", str(WORK))
    yield from ("--symlink", str(WORK), "/tmp")  # noqa: S108 - the sandbox's own
    for descriptor, name in files.items():
        yield from ("--file", str(descriptor), str(WORK / name))
    yield from ("--chdir", str(WORK))
