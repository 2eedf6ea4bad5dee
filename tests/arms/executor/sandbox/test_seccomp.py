"""What the filter answers, on every machine, read by an interpreter of classic BPF."""

import errno
import struct

import pytest

from arms.executor.sandbox.seccomp import ALLOW, ERRNO, KILL_PROCESS, filter_bytes
from arms.executor.sandbox.syscalls import FIRST_UNKNOWN, REFUSED, Machine, machine_named

X86, ARM = "x86_64", "aarch64"
REFUSE = ERRNO | errno.EPERM
UNKNOWN = ERRNO | errno.ENOSYS
NO_FAMILY = ERRNO | errno.EAFNOSUPPORT
MOST_INSTRUCTIONS = 4096
"""The kernel's BPF_MAXINSNS."""


def machine(name: str) -> Machine:
    found = machine_named(name)
    assert found is not None
    return found


def answer(name: str, number: int, *arguments: int, audit_arch: int | None = None) -> int:
    """Run the filter of a machine on one call, as seccomp(2) tells."""
    arch = machine(name).audit_arch if audit_arch is None else audit_arch
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    program = list(struct.iter_unpack("<HBBI", filter_bytes(machine(name))))
    position = accumulator = 0
    while True:
        code, jump_true, jump_false, operand = program[position]
        position += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, operand)
            case 0x54:
                accumulator &= operand
            case 0x15:
                position += jump_true if accumulator == operand else jump_false
            case 0x35:
                position += jump_true if accumulator >= operand else jump_false
            case 0x45:
                position += jump_true if accumulator & operand else jump_false
            case 0x06:
                return operand
            case _:
                raise AssertionError(f"an instruction that is not ours: {code:#x}")


@pytest.mark.parametrize(
    ("name", "number", "arguments", "expected"),
    [
        (X86, 0, (0, 0, 10), ALLOW),  # read
        (X86, 1, (1, 0, 10), ALLOW),  # write
        (X86, 59, (), ALLOW),  # execve
        (X86, 41, (1, 1, 0), ALLOW),  # socket(AF_UNIX)
        (X86, 41, (2, 1, 0), NO_FAMILY),  # socket(AF_INET)
        (X86, 41, (0x1_0000_0002, 1, 0), NO_FAMILY),  # the kernel reads 32 bits
        (X86, 41, (0x1_0000_0001, 1, 0), ALLOW),
        (X86, 53, (1, 1, 0), ALLOW),  # socketpair(AF_UNIX)
        (X86, 53, (16, 1, 0), NO_FAMILY),
        (X86, 56, (0x11,), ALLOW),  # clone, as fork does
        (X86, 56, (0x3D0F00,), ALLOW),  # clone, as pthread_create does
        (X86, 56, (0x10000011,), REFUSE),  # CLONE_NEWUSER
        (X86, 56, (0x20011,), REFUSE),  # CLONE_NEWNS
        (X86, 435, (), UNKNOWN),  # clone3
        (X86, 16, (0, 0x5401), ALLOW),  # ioctl(TCGETS)
        (X86, 16, (0, 0x5412), REFUSE),  # ioctl(TIOCSTI)
        (X86, 16, (0, 0x1_0000_5412), REFUSE),
        (X86, 135, (0xFFFFFFFF,), ALLOW),  # personality: which
        (X86, 135, (0x40000,), REFUSE),
        (X86, 9, (0, 4096, 3, 0x22), ALLOW),  # mmap, private
        (X86, 9, (0, 4096, 3, 0x01), ALLOW),  # mmap of a file
        (X86, 9, (0, 4096, 3, 0x21), REFUSE),  # shared without a file
        (X86, 9, (0, 4096, 3, 0x23), REFUSE),  # the same by MAP_SHARED_VALIDATE
        (X86, FIRST_UNKNOWN - 2, (), ALLOW),
        (X86, FIRST_UNKNOWN, (), UNKNOWN),
        (X86, 0x40000000, (), KILL_PROCESS),  # x32
        (X86, 0xFFFFFFFF, (), KILL_PROCESS),
        (ARM, 63, (0, 0, 10), ALLOW),  # read
        (ARM, 221, (), ALLOW),  # execve
        (ARM, 198, (1, 1, 0), ALLOW),
        (ARM, 198, (10, 1, 0), NO_FAMILY),
        (ARM, 220, (0x11,), ALLOW),
        (ARM, 220, (0x40000011,), REFUSE),
        (ARM, 29, (0, 0x5412), REFUSE),
        (ARM, 222, (0, 4096, 3, 0x21), REFUSE),
        (ARM, 222, (0, 4096, 3, 0x22), ALLOW),
        (ARM, 92, (0x40000,), REFUSE),
        (ARM, 435, (), UNKNOWN),
        (ARM, 0x40000000, (), UNKNOWN),
    ],
)
def test_answers(name: str, number: int, arguments: tuple[int, ...], expected: int) -> None:
    assert answer(name, number, *arguments) == expected


@pytest.mark.parametrize("call", REFUSED)
@pytest.mark.parametrize(("name", "column"), [(X86, 0), (ARM, 1)])
def test_refused_calls(call: str, name: str, column: int) -> None:
    number = REFUSED[call][column]
    assert answer(name, number) == (REFUSE if number >= 0 else answer(name, 0xFFFFFFFF))


@pytest.mark.parametrize("name", [X86, ARM])
def test_calls_of_another_machine_end_the_program(name: str) -> None:
    for other in (0x40000003, 0x40000028, 0):  # i386, arm, none
        assert answer(name, 1, audit_arch=other) == KILL_PROCESS


@pytest.mark.parametrize("name", [X86, ARM])
def test_the_kernel_takes_a_filter_of_this_length(name: str) -> None:
    assert len(filter_bytes(machine(name))) <= 8 * MOST_INSTRUCTIONS


@pytest.mark.parametrize("name", ["riscv64", "i686", "armv7l", "ppc64le", ""])
def test_machines_that_are_not_known(name: str) -> None:
    assert machine_named(name) is None


def test_no_number_stands_twice() -> None:
    for column in (0, 1):
        numbers = [pair[column] for pair in REFUSED.values() if pair[column] >= 0]
        assert len(numbers) == len(set(numbers))
