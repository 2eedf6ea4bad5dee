"""Writes the sandbox's system call filter as classic BPF.

The bytes are made here and not by libseccomp, which no wheel carries: a fresh machine needs nothing
installed, and the filter is short enough to read. The format is that of linux/filter.h and seccomp(2).
"""

import errno
import struct
from collections.abc import Iterable

from arms.executor.sandbox.syscalls import FIRST_UNKNOWN, Machine

LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
KEEP_BITS = 0x54  # BPF_ALU | BPF_AND | BPF_K
JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
JUMP_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
JUMP_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

KILL_PROCESS = 0x80000000
ALLOW = 0x7FFF0000
ERRNO = 0x00050000

NUMBER_AT = 0
ARCH_AT = 4
ARGUMENTS_AT = 16

AF_UNIX = 1
NEW_NAMESPACES = 0x7E020080  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET and TIME
TYPES_INTO_TERMINAL = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
SHARED_WITHOUT_FILE = 0x21  # MAP_SHARED | MAP_ANONYMOUS
ORDINARY_PERSONALITIES = (0, 0xFFFFFFFF)  # Linux, and the question which one it is

Instruction = tuple[int, int, int, int]


def filter_bytes(machine: Machine) -> bytes:
    """Return the filter for `machine`, as bubblewrap's ``--seccomp`` reads it."""
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in _instructions(machine))


def _instructions(machine: Machine) -> Iterable[Instruction]:
    yield _load(ARCH_AT)
    yield (JUMP_EQUAL, 1, 0, machine.audit_arch)  # int 0x80 arrives as another machine
    yield _return(KILL_PROCESS)
    yield _load(NUMBER_AT)
    if machine.compat_bit:
        yield (JUMP_AT_LEAST, 0, 1, machine.compat_bit)
        yield _return(KILL_PROCESS)
    yield (JUMP_AT_LEAST, 0, 1, FIRST_UNKNOWN)
    yield _return(ERRNO | errno.ENOSYS)
    yield (JUMP_EQUAL, 0, 1, machine.clone3)
    yield _return(ERRNO | errno.ENOSYS)
    for number in machine.refused:
        yield (JUMP_EQUAL, 0, 1, number)
        yield _return(ERRNO | errno.EPERM)
    yield from _by_argument(machine)
    yield _return(ALLOW)


def _by_argument(machine: Machine) -> Iterable[Instruction]:
    for number in (machine.socket, machine.socketpair):
        yield from _only(number, argument=0, values=(AF_UNIX,), failure=errno.EAFNOSUPPORT)
    yield from _only(machine.personality, argument=0, values=ORDINARY_PERSONALITIES, failure=errno.EPERM)
    yield (JUMP_EQUAL, 0, 4, machine.clone)
    yield _load_argument(0)
    yield (JUMP_ANY_BIT, 0, 1, NEW_NAMESPACES)
    yield _return(ERRNO | errno.EPERM)
    yield _return(ALLOW)
    yield (JUMP_EQUAL, 0, 5, machine.mmap)
    yield _load_argument(3)
    yield (KEEP_BITS, 0, 0, SHARED_WITHOUT_FILE)
    yield (JUMP_EQUAL, 0, 1, SHARED_WITHOUT_FILE)
    yield _return(ERRNO | errno.EPERM)
    yield _return(ALLOW)
    yield (JUMP_EQUAL, 0, 2 + 2 * len(TYPES_INTO_TERMINAL), machine.ioctl)
    yield _load_argument(1)
    for request in TYPES_INTO_TERMINAL:
        yield (JUMP_EQUAL, 0, 1, request)
        yield _return(ERRNO | errno.EPERM)
    yield _return(ALLOW)


def _only(number: int, *, argument: int, values: tuple[int, ...], failure: int) -> Iterable[Instruction]:
    """Allow call `number` where its argument is one of `values`, fail it with `failure` elsewhere."""
    yield (JUMP_EQUAL, 0, 2 + 2 * len(values), number)
    yield _load_argument(argument)
    for value in values:
        yield (JUMP_EQUAL, 0, 1, value)
        yield _return(ALLOW)
    yield _return(ERRNO | failure)


def _load(offset: int) -> Instruction:
    return (LOAD_WORD, 0, 0, offset)


def _load_argument(index: int) -> Instruction:
    """Load the lower half of an argument: all that are looked at are 32 bits wide in the kernel."""
    return _load(ARGUMENTS_AT + 8 * index)


def _return(action: int) -> Instruction:
    return (RETURN, 0, 0, action)
