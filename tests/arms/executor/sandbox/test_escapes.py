"""Every escape is really tried, inside the sandbox, under an executor of root's and of an ordinary user's.

Each program prints ``held`` when the sandbox held, and what it got hold of when it did not.
"""

import os
import platform
import socket
import textwrap
from pathlib import Path

import pytest

from arms.executor.sandbox.syscalls import FIRST_UNKNOWN, REFUSED
from tests.arms.executor.sandbox.executor import SECRET, Executor

X86 = platform.machine() == "x86_64"
MEBIBYTE = 2**20

PRELUDE = """
import ctypes, errno, mmap, os, resource, signal, socket, stat, subprocess, sys, time
syscall = ctypes.CDLL(None, use_errno=True).syscall
def refused(number, *arguments, by=errno.EPERM):
    return syscall(number, *arguments) == -1 and ctypes.get_errno() == by
def fails(action, *errors):
    try:
        got = action()
    except errors or OSError:
        return True
    print("got", got)
    return False
def tell(held):
    print("held" if held else "escaped")
"""

HELD = {
    "memory of one process": """
        try:
            block = bytearray(1 << 30)
        except MemoryError:
            print("held")
        """,
    "memory of one process, in pieces": """
        blocks = []
        try:
            while True:
                blocks.append(mmap.mmap(-1, 1 << 24, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        except OSError:
            tell(len(blocks) * (1 << 24) <= 512 * 2**20)
        """,
    "shared memory that no process keeps resident": """
        flags = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
        tell(fails(lambda: mmap.mmap(-1, 4096, flags=flags)) and not os.path.exists("/dev/zero"))
        """,
    "memfd_create": "tell(fails(lambda: os.memfd_create('x')))",
    "shared memory of System V": "tell(refused(SHMGET, 0, 4096, 0o1600))",
    "POSIX shared memory counts as disk": """
        try:
            with open("/dev/shm/x", "wb") as stream:
                for _ in range(128):
                    stream.write(bytes(2**20))
        except OSError:
            tell(os.path.getsize("/dev/shm/x") <= 64 * 2**20)
        """,
    "disk fill by many files": """
        written = 0
        try:
            for number in range(64):
                with open(f"file{number}", "wb") as stream:
                    for _ in range(8):
                        written += stream.write(bytes(2**20))
        except OSError:
            tell(written <= 64 * 2**20)
        """,
    "disk fill by one file": """
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        tell(fails(lambda: os.posix_fallocate(os.open("big", os.O_CREAT | os.O_RDWR), 0, 1 << 30)))
        """,
    "every network family": """
        def opened(family, kind, make):
            try:
                make(family, kind)
            except OSError:
                return False
            return True
        kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET)
        got = [
            (family, kind, make)
            for family in range(64) if family != socket.AF_UNIX
            for kind in kinds
            for make in (socket.socket, socket.socketpair)
            if opened(family, kind, make)
        ]
        print(got or "held")
        """,
    "the host's files": """
        places = ["/etc/shadow", "/etc/passwd", "/root", "/home", "/var", "/run", "/sys", "/proc",
                  "/proc/1/environ", "/proc/sys/kernel/core_pattern", "/boot", "/mnt", "/srv", "/dev/mem",
                  "/dev/kmsg", "/dev/tty", "/dev/pts", "/dev/ptmx", "/dev/fuse", "/dev/kvm",
                  "/work/../etc/shadow"]
        print([place for place in places if os.path.lexists(place)] or "held")
        """,
    "open descriptors of the host": """
        def is_open(number):
            try:
                os.fstat(number)
            except OSError:
                return False
            return True
        print([number for number in range(3, 5000) if is_open(number)] or "held")
        """,
    "the host's standard input": "tell(sys.stdin.read() == '')",
    "writing outside the working directory": """
        def writes(folder):
            try:
                open(f"{folder}/escape", "w")
            except OSError:
                return False
            return True
        folders = ["/", "/usr", "/usr/bin", "/bin", "/lib", "/dev", "/opt", os.path.dirname(os.__file__)]
        print([folder for folder in folders if writes(folder)] or "held")
        """,
    "making the root writable": """
        tell(refused(MOUNT, 0, b"/", 0, 32 | 4096, 0) and fails(lambda: os.mkdir("/x")))
        """,
    "ptrace of the parent": "tell(refused(PTRACE, 16, os.getppid(), 0, 0))",
    "ptrace of the first process": "tell(refused(PTRACE, 0x4206, 1, 0, 0))",
    "unshare": "tell(all(refused(UNSHARE, flag) for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000)))",
    "clone into a new user namespace": "tell(refused(CLONE, 0x10000000 | 17, 0, 0, 0, 0))",
    "clone3, whose flags no filter sees": "tell(refused(435, 0, 0, by=errno.ENOSYS))",
    "io_uring": "tell(refused(425, 8, ctypes.create_string_buffer(120)))",
    "typing into a terminal": """
        import fcntl
        tell(fails(lambda: fcntl.ioctl(0, 0x5412, b"x")) and fails(lambda: fcntl.ioctl(0, 0x541C, b"x")))
        """,
    "another personality": "tell(refused(PERSONALITY, 0x0040000))",
    "device nodes": "tell(fails(lambda: os.mknod('sda', stat.S_IFBLK | 0o600, os.makedev(8, 0))))",
    "becoming root": """
        ways = (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0),
                lambda: os.setgroups([0]))
        tell(all(fails(way) for way in ways) and os.geteuid() != 0)
        """,
    "setuid programs": """
        no_new_privileges = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0)
        found = [
            entry.path for entry in os.scandir("/usr/bin")
            if entry.is_file(follow_symlinks=False) and entry.stat().st_mode & stat.S_ISUID
        ]
        os.system("cp /usr/bin/id mine; chmod 6755 mine")
        ids = subprocess.run(["./mine", "-u"], capture_output=True, text=True).stdout.strip()
        tell(no_new_privileges == 1 and ids == str(os.getuid()) != "0")
        """,
    "hard links to the system": """
        targets = ("env", "/usr/x")
        tell(all(fails(lambda to=to: os.link("/usr/bin/env", to)) for to in targets))
        """,
    "symbolic links to the host": """
        os.symlink("/etc/shadow", "shadow")
        os.symlink("/proc/1/root", "root")
        os.symlink("../../../../etc", "etc")
        tell(all(fails(lambda name=name: open(name)) for name in ("shadow", "root/etc/shadow", "etc/shadow")))
        """,
    "raising limits": """
        def raised(number):
            soft, hard = resource.getrlimit(number)
            try:
                resource.setrlimit(number, (hard + 1, hard + 1))
            except (ValueError, OSError):
                return False
            return True
        names = ("AS", "DATA", "FSIZE", "NOFILE", "NPROC", "CPU", "CORE", "MEMLOCK", "MSGQUEUE", "SIGPENDING",
                 "NICE", "RTPRIO")
        print([name for name in names if raised(getattr(resource, f"RLIMIT_{name}"))] or "held")
        """,
    "many processes": """
        children = []
        try:
            while len(children) < 1000:
                if child := os.fork():
                    children.append(child)
                else:
                    time.sleep(60)
        except OSError:
            tell(0 < len(children) < 32)
        """,
    "many threads": """
        import threading
        release = threading.Event()
        threads = 0
        try:
            while threads < 1000:
                threading.Thread(target=release.wait, daemon=True).start()
                threads += 1
        except RuntimeError:
            tell(threads < 32)
            sys.stdout.flush()
        os._exit(0)
        """,
    "killing what keeps watch": """
        tell(fails(lambda: os.kill(os.getppid() - 1, 0)) if os.getppid() > 1 else True)
        os.kill(1, signal.SIGKILL)
        os.kill(1, signal.SIGTERM)
        """,
    "a higher priority": """
        real_time = lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(9))
        tell(fails(lambda: os.nice(-5)) and fails(real_time))
        """,
    "the host's name": "tell(socket.gethostname() == 'sandbox')",
}


def number(name: str) -> int:
    return REFUSED[name][0 if X86 else 1]


NUMBERS = {
    "SHMGET": number("shmget"),
    "MOUNT": number("mount"),
    "PTRACE": number("ptrace"),
    "UNSHARE": number("unshare"),
    "CLONE": 56 if X86 else 220,
    "PERSONALITY": 135 if X86 else 92,
}


def program(body: str) -> str:
    numbers = "".join(f"{name} = {value}\n" for name, value in NUMBERS.items())
    return PRELUDE + numbers + textwrap.dedent(body)


@pytest.mark.parametrize("escape", HELD)
def test_escape_is_held(executor: Executor, escape: str) -> None:
    answer = executor.run(program(HELD[escape]))
    assert (answer["stdout"], answer["stderr"], answer["stopped_by"]) == ("held\n", "", "")


@pytest.mark.parametrize("name", [name for name in REFUSED if number(name) >= 0])
def test_every_refused_call_is_refused(executor: Executor, name: str) -> None:
    answer = executor.run(program(f"tell(refused({number(name)}, 0, 0, 0, 0, 0, 0))"))
    assert answer["stdout"] == "held\n"


def test_calls_newer_than_the_filter_are_unknown(executor: Executor) -> None:
    body = f"tell(all(refused(n, 0, 0, 0, by=errno.ENOSYS) for n in range({FIRST_UNKNOWN}, 600)))"
    assert executor.run(program(body))["stdout"] == "held\n"


def test_fork_bomb_ends_and_leaves_nothing(executor: Executor) -> None:
    bomb = """
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """
    answer = executor.run(program(bomb), limits={"wall_seconds": 1.5})
    assert answer["stopped_by"] in {"wall_clock", "memory"}
    assert answer["seconds"] < 15


def test_memory_of_many_processes_is_added_up(executor: Executor) -> None:
    greedy = """
        for _ in range(8):
            if not os.fork():
                block = bytearray(os.urandom(1)) * (100 * 2**20)
                time.sleep(60)
        time.sleep(60)
        """
    answer = executor.run(program(greedy), limits={"memory_bytes": 256 * MEBIBYTE})
    assert answer["stopped_by"] == "memory"


def test_inode_fill_is_stopped(executor: Executor) -> None:
    answer = executor.run(program("for n in range(10**7): open(f'{n}', 'w').close()"))
    assert answer["stopped_by"] == "files"


def test_inode_fill_by_links_and_folders_is_stopped(executor: Executor) -> None:
    answer = executor.run(program("for n in range(10**7): os.mkdir(f'd{n}'); os.symlink('x', f's{n}')"))
    assert answer["stopped_by"] == "files"


def test_a_fill_by_attributes_of_files_is_stopped(executor: Executor) -> None:
    fill = """
        try:
            for n in range(10**6):
                open(f"{n}", "w").close()
                for m in range(1000):
                    os.setxattr(f"{n}", f"user.{m}", bytes(60_000))
        except OSError:
            print("held")  # kernels before 6.6 have no attributes of users here
        """
    answer = executor.run(program(fill))
    assert (answer["stopped_by"], answer["stdout"]) in {("files", ""), ("", "held\n")}


def test_a_program_that_hides_from_the_watchdog_is_stopped_all_the_same(executor: Executor) -> None:
    hiding = """
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: nobody may look at us
        for n in range(10**7): open(f'{n}', 'w').close()
        """
    assert executor.run(program(hiding))["stopped_by"] == "files"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_flood_is_cut_and_stopped(executor: Executor, stream: str) -> None:
    flood = f"while True: sys.{stream}.write('x' * 10_000)"
    answer = executor.run(program(flood), limits={"output_bytes": 100_000})
    assert (answer["stopped_by"], answer["truncated"], len(answer[stream])) == ("output", True, 100_000)


def test_a_flood_of_returned_files_is_cut(executor: Executor) -> None:
    source = "open('a', 'w').write('a'); open('b', 'wb').write(bytes(2**20))"
    answer = executor.run(program(source), outputs=["a", "b"], limits={"artifact_bytes": 1000})
    assert (answer["files"], answer["truncated"]) == ({"a": "a"}, True)


def test_ignored_signals_do_not_help(executor: Executor) -> None:
    stubborn = """
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        print("ready")
        while True:
            time.sleep(1)
        """
    answer = executor.run(program(stubborn), limits={"wall_seconds": 0.5})
    assert (answer["stdout"], answer["stopped_by"]) == ("ready\n", "wall_clock")


def test_a_stopped_program_is_ended(executor: Executor) -> None:
    answer = executor.run(program("os.kill(os.getpid(), signal.SIGSTOP)"), limits={"wall_seconds": 0.5})
    assert answer["stopped_by"] == "wall_clock"


def test_daemons_end_with_the_program(executor: Executor) -> None:
    daemon = """
        if not os.fork():
            os.setsid()
            if not os.fork():
                print("daemon", flush=True)
                time.sleep(60)
            os._exit(0)
        os.wait()
        time.sleep(0.1)
        """
    answer = executor.run(program(daemon))
    assert (answer["stdout"], answer["exit_code"], answer["stopped_by"]) == ("daemon\n", 0, "")
    assert answer["seconds"] < 30


def test_daemons_that_hold_the_output_end_with_the_program(executor: Executor) -> None:
    answer = executor.run(program("os.fork() or time.sleep(60)"))
    assert (answer["exit_code"], answer["stopped_by"]) == (0, "")
    assert answer["seconds"] < 30


def test_zombies_are_not_left(executor: Executor) -> None:
    answer = executor.run(program("for _ in range(20): os.fork() or os._exit(0)"))
    assert answer["exit_code"] == 0
    told = Path("/proc").glob("[0-9]*/stat")
    assert [line for line in map(stat_of, told) if "(python3" in line and ") Z 1 " in line] == []


def stat_of(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


if X86:  # other machines have one system call ABI

    @pytest.mark.parametrize(
        "code",
        [
            pytest.param(r"\xb8\x14\x00\x00\x00\xcd\x80\xc3", id="int 0x80"),
            pytest.param(r"\xb8\x27\x00\x00\x40\x0f\x05\xc3", id="x32"),
        ],
    )
    def test_calls_of_another_abi_end_the_program(executor: Executor, code: str) -> None:
        body = f"""
            page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
            page.write(b"{code}")
            print(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))())
            """
        answer = executor.run(program(body))
        assert (answer["stdout"], answer["exit_code"]) == ("", 128 + 31)


def test_host_environment_is_not_seen(executor: Executor) -> None:
    answer = executor.run("import os; print(dict(os.environ))")
    assert SECRET not in answer["stdout"]
    assert "HOST_SECRET" not in answer["stdout"]


def test_a_readable_file_of_the_host_is_not_seen(executor: Executor, staging_dir: Path) -> None:
    secret = staging_dir / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o644)
    source = f"""
import os
os.symlink({str(secret)!r}, "link")
os.symlink({str(staging_dir)!r}, "folder")
"""
    answer = executor.run(source, outputs=["link", "folder/secret"])
    assert (answer["files"], answer["exit_code"]) == ({}, 0)


def test_an_abstract_socket_of_the_host_is_not_reached(executor: Executor) -> None:
    name = f"octo-{os.getpid()}-{executor.user}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen()
        with socket.socket(socket.AF_UNIX) as friend:
            friend.connect(f"\0{name}")
        body = (
            f"tell(fails(lambda: socket.socket(socket.AF_UNIX).connect('\\0{name}'), ConnectionRefusedError))"
        )
        assert executor.run(program(body))["stdout"] == "held\n"
