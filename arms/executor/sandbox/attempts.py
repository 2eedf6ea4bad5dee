"""Runs inside: tries to break out and prints the names of the attempts that worked, as a JSON list."""

import ctypes
import json
import os
import platform
import resource
import socket
from collections.abc import Callable
from pathlib import Path

SYSCALL = ctypes.CDLL(None, use_errno=True).syscall
X86 = platform.machine() == "x86_64"
BUFFER = ctypes.create_string_buffer(120)
NEW_USER = 0x10000000
FAMILIES = ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG")


def call(on_x86: int, on_arm: int, *arguments: object) -> bool:
    """Whether the system call works; every one is given arguments that the kernel would take."""
    return SYSCALL(on_x86 if X86 else on_arm, *arguments) >= 0


def opens_socket() -> bool:
    """Whether a socket of any kind but the local one can be made."""
    return any(works(lambda family=family: socket.socket(getattr(socket, family))) for family in FAMILIES)


def works(action: Callable[[], object]) -> bool:
    """Whether the kernel lets `action` happen."""
    try:
        action()
    except (OSError, ValueError):  # setrlimit tells a refusal as ValueError
        return False
    return True


def forks_without_end() -> bool:
    """Whether more processes can be started than any limit allows."""
    children: list[int] = []
    try:
        while len(children) < 200:  # noqa: PLR2004 - more than any limit
            child = os.fork()
            if not child:
                os.read(PIPE[0], 1)
                os._exit(0)
            children.append(child)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(PIPE[1])


PIPE = os.pipe()

ATTEMPTS: dict[str, Callable[[], bool]] = {
    "reading /etc": lambda: works(lambda: Path("/etc/passwd").read_bytes()),
    "reading /proc": lambda: works(lambda: Path("/proc/self/status").read_bytes()),
    "reading /root": lambda: works(lambda: os.listdir("/root")),  # noqa: PTH208 - an OSError is awaited
    "reading /home": lambda: works(lambda: os.listdir("/home")),  # noqa: PTH208 - same
    "writing to /usr": lambda: works(lambda: Path("/usr/escape").write_bytes(b"")),
    "writing to /": lambda: works(lambda: Path("/escape").write_bytes(b"")),
    "writing to /dev": lambda: works(lambda: Path("/dev/escape").write_bytes(b"")),
    "being root": lambda: os.geteuid() == 0 or works(lambda: os.setuid(0)),
    "a network socket": opens_socket,
    "unshare": lambda: call(272, 97, NEW_USER),
    "clone": lambda: call(56, 220, NEW_USER | 17, 0, 0, 0, 0),
    "mount": lambda: call(165, 40, 0, 0, 0, 0, 0),
    "ptrace": lambda: call(101, 117, 0, 0, 0, 0),
    "memfd_create": lambda: call(319, 279, BUFFER, 0),
    "shmget": lambda: call(29, 194, 0, 4096, 0o1600),
    "io_uring": lambda: call(425, 425, 1, BUFFER),
    "raising a limit": lambda: works(lambda: resource.setrlimit(resource.RLIMIT_NPROC, (10_000, 10_000))),
    "taking much memory": lambda: works_with_memory(1 << 30),
    "starting many processes": forks_without_end,
}


def works_with_memory(size: int) -> bool:
    """Whether `size` bytes can be had."""
    try:
        bytearray(size)
    except MemoryError:
        return False
    return True


if __name__ == "__main__":
    print(json.dumps([name for name, attempt in ATTEMPTS.items() if attempt()]))  # noqa: T201 - read outside
