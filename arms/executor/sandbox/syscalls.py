"""Which system calls the sandbox refuses, and their numbers, by machine.

Numbers are those of the kernel's tables arch/x86/entry/syscalls/syscall_64.tbl (x86_64) and
include/uapi/asm-generic/unistd.h (aarch64); -1 stands where a machine lacks the call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

REFUSED: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        # memory that no file limit and no resident set of a process accounts for
        "memfd_create": (319, 279),
        "memfd_secret": (447, 447),
        "shmget": (29, 194),
        "shmat": (30, 196),
        "shmctl": (31, 195),
        "semget": (64, 190),
        "semop": (65, 193),
        "semctl": (66, 191),
        "semtimedop": (220, 192),
        "msgget": (68, 186),
        "msgsnd": (69, 189),
        "msgrcv": (70, 188),
        "msgctl": (71, 187),
        "mq_open": (240, 180),
        "add_key": (248, 217),
        "request_key": (249, 218),
        "keyctl": (250, 219),
        # looking into other processes
        "ptrace": (101, 117),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "process_madvise": (440, 440),
        "pidfd_getfd": (438, 438),
        "kcmp": (312, 272),
        # the file system's shape
        "mount": (165, 40),
        "umount2": (166, 39),
        "pivot_root": (155, 41),
        "chroot": (161, 51),
        "open_tree": (428, 428),
        "move_mount": (429, 429),
        "fsopen": (430, 430),
        "fsconfig": (431, 431),
        "fsmount": (432, 432),
        "fspick": (433, 433),
        "mount_setattr": (442, 442),
        "open_by_handle_at": (304, 265),
        "name_to_handle_at": (303, 264),
        "fanotify_init": (300, 262),
        "fanotify_mark": (301, 263),
        "quotactl": (179, 60),
        "quotactl_fd": (443, 443),
        "acct": (163, 89),
        "swapon": (167, 224),
        "swapoff": (168, 225),
        # namespaces
        "unshare": (272, 97),
        "setns": (308, 268),
        # large and often broken parts of the kernel that no program of ours needs
        "io_uring_setup": (425, 425),
        "io_uring_enter": (426, 426),
        "io_uring_register": (427, 427),
        "io_setup": (206, 0),
        "bpf": (321, 280),
        "perf_event_open": (298, 241),
        "userfaultfd": (323, 282),
        "vmsplice": (278, 75),
        "migrate_pages": (256, 238),
        "move_pages": (279, 239),
        "lookup_dcookie": (212, 18),
        "nfsservctl": (180, 42),
        "modify_ldt": (154, -1),
        "iopl": (172, -1),
        "ioperm": (173, -1),
        "uselib": (134, -1),
        "sysfs": (139, -1),
        "_sysctl": (156, -1),
        # the machine itself
        "kexec_load": (246, 104),
        "kexec_file_load": (320, 294),
        "init_module": (175, 105),
        "finit_module": (313, 273),
        "delete_module": (176, 106),
        "reboot": (169, 142),
        "syslog": (103, 116),
        "settimeofday": (164, 170),
        "clock_settime": (227, 112),
        "adjtimex": (159, 171),
        "clock_adjtime": (305, 266),
        "sethostname": (170, 161),
        "setdomainname": (171, 162),
        "vhangup": (153, 58),
    }
)
"""Refused with EPERM: numbers for x86_64 and aarch64."""

FIRST_UNKNOWN = 451
"""From this number on a call is newer than this list; it answers ENOSYS, and C libraries fall back."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """How one kind of machine numbers its calls.

    Attributes:
        audit_arch: the AUDIT_ARCH_* value that the kernel hands the filter.
        refused: calls that answer EPERM.
        socket: allowed for AF_UNIX only.
        socketpair: the same.
        clone: allowed without new namespaces.
        clone3: answers ENOSYS, because a filter cannot read its flags; C libraries then use clone.
        ioctl: allowed but for the two that type into a terminal.
        personality: allowed for the ordinary one only.
        mmap: allowed but for shared memory without a file, which stays when no process has it resident.
        compat_bit: calls of another ABI start at this number; 0 where there is none.
    """

    audit_arch: int
    refused: tuple[int, ...]
    socket: int
    socketpair: int
    clone: int
    clone3: int
    ioctl: int
    personality: int
    mmap: int
    compat_bit: int


def machine_named(name: str) -> Machine | None:
    """Return the numbers of the machine that `platform.machine()` calls `name`; None for an unknown one."""
    if name in {"x86_64", "AMD64"}:
        return Machine(
            audit_arch=0xC000003E,
            refused=tuple(numbers[0] for numbers in REFUSED.values()),
            socket=41,
            socketpair=53,
            clone=56,
            clone3=435,
            ioctl=16,
            personality=135,
            mmap=9,
            compat_bit=0x40000000,
        )
    if name in {"aarch64", "arm64"}:
        return Machine(
            audit_arch=0xC00000B7,
            refused=tuple(numbers[1] for numbers in REFUSED.values() if numbers[1] >= 0),
            socket=198,
            socketpair=199,
            clone=220,
            clone3=435,
            ioctl=29,
            personality=92,
            mmap=222,
            compat_bit=0,
        )
    return None
