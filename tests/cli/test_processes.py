"""Programs that live no longer than who started them, with the kernel's help and without; stopping them."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from cli.processes import appended, plain_environment, start_child, stop_child
from servicekit.tied import tied
from tests.support.fake_run import until_gone

OWNER = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:])
child.wait()
"""

WATCHED = """
import os, signal, sys, time
from servicekit.shim import watch
watch(os.getppid(), signal_number=signal.SIGTERM, interval=0.02)
print(os.getpid(), flush=True)
time.sleep(float(sys.argv[1]))
"""


def group_of(pid: int) -> list[psutil.Process]:
    """All processes of one session."""
    return [process for process in psutil.process_iter() if os.getpgid(process.pid) == os.getpgid(pid)]


async def start_owner(*argv: str) -> tuple[asyncio.subprocess.Process, list[psutil.Process]]:
    """Start a process that starts another one; return it and all that came of it."""
    owner = await asyncio.create_subprocess_exec(
        *tied([sys.executable, "-P", "-c", OWNER, *argv]),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert owner.stdout is not None
    await owner.stdout.readline()
    return owner, [process for process in group_of(owner.pid) if process.pid != owner.pid]


async def test_a_watched_program_ends_with_its_parent_where_the_kernel_does_not_help() -> None:
    owner, others = await start_owner(sys.executable, "-P", "-c", WATCHED, "1000")
    assert len(others) == 2  # the program and its watcher
    owner.kill()
    await owner.wait()
    await until_gone(others)


async def test_a_watcher_ends_with_the_program() -> None:
    owner, others = await start_owner(sys.executable, "-P", "-c", WATCHED, "0.2")
    await until_gone(others)
    assert await owner.wait() == 0


async def test_a_program_is_not_started_for_a_parent_that_is_gone() -> None:
    command = tied(["/bin/sleep", "1000"])
    gone = await asyncio.create_subprocess_exec("/bin/true")
    await gone.wait()
    command[command.index(str(os.getpid()))] = str(gone.pid)
    late = await asyncio.create_subprocess_exec(*command)
    assert await late.wait() == 125


async def test_a_program_that_is_not_there_says_so(tmp_path: Path) -> None:
    with appended(tmp_path / "log") as output:
        child = await start_child(argv=[tmp_path / "nothing"], env={}, output=output)
    assert await child.wait() == 126
    assert "No such file" in (tmp_path / "log").read_text()


async def test_stopping_goes_from_polite_to_final(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(1000)"
    )
    reading, writing = os.pipe()
    child = await start_child(argv=[sys.executable, "-c", deaf], env={}, output=writing)
    assert await asyncio.to_thread(os.read, reading, 4) == b"deaf"
    assert await stop_child(child, steps=((signal.SIGTERM, 0.2),)) == -signal.SIGKILL
    assert await stop_child(child, steps=((signal.SIGTERM, 0.2),)) == -signal.SIGKILL  # once more is no error
    os.close(reading)
    os.close(writing)


async def test_a_frozen_program_is_stopped_too(tmp_path: Path) -> None:
    with appended(tmp_path / "log") as output:
        child = await start_child(argv=["/bin/sleep", "1000"], env={}, output=output)
    child.send_signal(signal.SIGSTOP)
    assert await stop_child(child, steps=((signal.SIGTERM, 30),)) == -signal.SIGTERM


@pytest.mark.parametrize("name", ["HOME", "OCTOLLM_DATABASE_URL", "ANTHROPIC_API_KEY", "LC_TIME"])
def test_a_program_that_is_not_ours_sees_nothing_personal(name: str) -> None:
    assert name not in plain_environment({name: "x", "PATH": "/bin"})
    assert plain_environment({"PATH": "/bin"})["PATH"] == "/bin"


def test_a_log_is_ours_alone_and_grows(tmp_path: Path) -> None:
    for text in (b"one\n", b"two\n"):
        with appended(tmp_path / "log") as output:
            os.write(output, text)
    assert (tmp_path / "log").read_text() == "one\ntwo\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
