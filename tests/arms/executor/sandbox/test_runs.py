"""What programs in the sandbox can do, and what their callers are told."""

import asyncio
import os
import resource
import time
from collections.abc import Callable
from contextlib import ExitStack, aclosing
from pathlib import Path

import pytest

from arms.executor.sandbox.leftovers import end_leftovers
from arms.executor.sandbox.limits import Limits
from arms.executor.sandbox.outcome import StoppedBy
from arms.executor.sandbox.parts import Parts
from arms.executor.sandbox.program import Program
from arms.executor.sandbox.python import python_program
from arms.executor.sandbox.sandbox import QUEUE_PER_PLACE, Output, Sandbox
from servicekit.errors import RateLimitError, ValidationFailedError
from tests.arms.executor.sandbox.conftest import USERS
from tests.arms.executor.sandbox.executor import Executor, bearers

SHORT = Limits(wall_seconds=20)


@pytest.mark.parametrize(
    ("source", "code", "stdout"),
    [
        ("print('a'); print('b')", 0, b"a\nb\n"),
        ("raise SystemExit(3)", 3, b""),
        ("exit(4)", 4, b""),
        ("import os; os.kill(os.getpid(), 9)", 137, b""),
        ("import json, math, re, datetime; print(math.comb(5, 2))", 0, b"10\n"),
        ("print(open('data.txt').read())", 0, "grüße\n".encode()),
        ("import helper; print(helper.answer)", 0, b"42\n"),
        ("from pkg.deep import value; print(value)", 0, b"1\n"),
        ("import subprocess; subprocess.run(['/bin/echo', 'hi'], check=True)", 0, b"hi\n"),
        ("import tempfile; print(tempfile.TemporaryFile().write(b'x'))", 0, b"1\n"),
        ("import concurrent.futures as f; print(*f.ThreadPoolExecutor(4).map(abs, [-1, -2]))", 0, b"1 2\n"),
        ("import asyncio; print(asyncio.run(asyncio.sleep(0, 'slept')))", 0, b"slept\n"),
        (
            "import multiprocessing as m\nif __name__ == '__main__': print(m.Pool(2).map(abs, [-3]))",
            0,
            b"[3]\n",
        ),
        ("import sys; sys.stdout.buffer.write(bytes([255, 0]))", 0, b"\xff\x00"),
    ],
)
async def test_python_programs(sandbox: Sandbox, source: str, code: int, stdout: bytes) -> None:
    files = {"data.txt": "grüße".encode(), "helper.py": b"answer = 42", "pkg/deep.py": b"value = 1"}
    program = python_program(sandbox.parts, source=source, files=files)
    outcome, out, err = await sandbox.outcome(program, limits=SHORT)
    assert (outcome.exit_code, out, outcome.stopped_by) == (code, stdout, StoppedBy.NOTHING), err


async def test_an_exception_is_told_as_python_tells_it(sandbox: Sandbox) -> None:
    program = python_program(sandbox.parts, source="def f():\n    return 1 / 0\n\nf()\n")
    outcome, _, err = await sandbox.outcome(program, limits=SHORT)
    assert outcome.exit_code == 1
    assert b'File "/work/main.py", line 2, in f\n    return 1 / 0' in err
    assert err.endswith(b"ZeroDivisionError: division by zero\n")


async def test_files_come_back_by_name(sandbox: Sandbox) -> None:
    source = """
import os
open("text.txt", "w").write("hello")
os.makedirs("deep/er")
open("deep/er/bytes.bin", "wb").write(bytes(range(256)) * 1000)
open("empty", "w")
os.mkfifo("fifo")
os.mkdir("folder")
raise SystemExit(7)
"""
    names = ("text.txt", "missing", "deep/er/bytes.bin", "empty", "fifo", "folder")
    program = python_program(sandbox.parts, source=source, outputs=names)
    outcome, _, _ = await sandbox.outcome(program, limits=SHORT)
    assert outcome.files == {
        "text.txt": b"hello",
        "deep/er/bytes.bin": bytes(range(256)) * 1000,
        "empty": b"",
    }
    assert (outcome.exit_code, outcome.truncated) == (7, False)


async def test_two_runs_share_nothing(sandbox: Sandbox) -> None:
    write = python_program(sandbox.parts, source="open('left', 'w').write('x')")
    look = python_program(sandbox.parts, source="import os; print(os.listdir('/work'))")
    await sandbox.outcome(write, limits=SHORT)
    assert (await sandbox.outcome(look, limits=SHORT))[1] == b"['main.py']\n"


async def test_output_comes_while_the_program_runs(sandbox: Sandbox) -> None:
    program = python_program(sandbox.parts, source="print('early'); import time; time.sleep(60)")
    async with aclosing(sandbox.run(program, limits=Limits(wall_seconds=60))) as events:
        first = await anext(events)
        assert isinstance(first, Output)
        assert (first.stream, first.data.strip()) == ("stdout", b"early")


async def test_leaving_early_ends_the_program(sandbox: Sandbox) -> None:
    mark = "mark-of-a-left-program"
    source = python_program(sandbox.parts, source="print('on'); import time; time.sleep(60)")
    program = Program(argv=(*source.argv, mark), files=source.files, environment=source.environment)
    async with aclosing(sandbox.run(program, limits=Limits(wall_seconds=60))) as events:
        await anext(events)
        assert bearers(mark)
    assert bearers(mark) == []


async def test_cancelling_ends_the_program_and_frees_its_place(sandbox: Sandbox) -> None:
    mark = "mark-of-a-cancelled-program"
    started = asyncio.Event()
    source = python_program(sandbox.parts, source="print('on'); import time; time.sleep(60)")
    program = Program(argv=(*source.argv, mark), files=source.files, environment=source.environment)

    async def consume() -> None:
        async with aclosing(sandbox.run(program, limits=Limits(wall_seconds=60))) as events:
            async for _ in events:
                started.set()

    tasks = [asyncio.create_task(consume()) for _ in range(2)]
    await started.wait()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    assert bearers(mark) == []
    assert (await sandbox.outcome(python_program(sandbox.parts, source="print(1)"), limits=SHORT))[
        1
    ] == b"1\n"


async def test_descriptors_beyond_those_that_select_takes(sandbox: Sandbox) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as opened:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            opened.callback(os.close, os.dup(0))
        program = python_program(sandbox.parts, source="open('a', 'w').write('b')", outputs=("a",))
        outcome, _, _ = await sandbox.outcome(program, limits=SHORT)
    assert outcome.files == {"a": b"b"}


async def test_others_come_first(sandbox: Sandbox) -> None:
    mark = "mark-of-a-patient-program"
    source = python_program(sandbox.parts, source="print('on'); import time; time.sleep(60)")
    program = Program(argv=(*source.argv, mark), files=source.files, environment=source.environment)
    async with aclosing(sandbox.run(program, limits=Limits(wall_seconds=60))) as events:
        await anext(events)
        (running,) = [pid for pid in bearers(mark) if name_of(pid).startswith("python")]
        assert os.getpriority(os.PRIO_PROCESS, running) == 10
        assert end_order(running) == "1000\n"


def end_order(pid: int) -> str:
    return Path(f"/proc/{pid}/oom_score_adj").read_text()


async def test_too_many_waiting_are_refused(sandbox: Sandbox) -> None:
    program = python_program(sandbox.parts, source="import time; time.sleep(60)")
    tasks = [
        asyncio.create_task(sandbox.outcome(program, limits=Limits(wall_seconds=60)))
        for _ in range(2 * QUEUE_PER_PLACE + 2 + 1)
    ]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    with pytest.raises(RateLimitError, match="Too many programs"):
        done.pop().result()
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x", "a/../../x", "", "a//b", "./a", "a\0b", "a\nb", "x" * 256, "main.py"]
)
def test_names_that_leave_the_working_directory_are_refused(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(ValidationFailedError):
        python_program(sandbox.parts, source="", files={name: b""})


@pytest.mark.parametrize("user", USERS)
def test_kill_minus_9_of_the_executor_leaves_nothing(staging_dir: Path, user: str) -> None:
    with Executor(staging_dir=staging_dir, user=user) as executor:
        mark = executor.start("import os, time\nfor _ in range(5): os.fork()\ntime.sleep(120)")
        wait_until(lambda: any(name.startswith("python") for name in commands(mark)))
        executor.kill()
        wait_until(lambda: commands(mark) == [])


@pytest.mark.slow
def test_kill_minus_9_while_the_sandbox_is_made_runs_no_program(staging_dir: Path, parts: Parts) -> None:
    for round_number in range(12):
        with Executor(staging_dir=staging_dir, user="root") as executor:
            mark = executor.start("import time\ntime.sleep(120)")
            wait_until(lambda mark=mark: bool(commands(mark)))
            time.sleep(round_number / 1000)  # another moment of the setup each time
            executor.kill()
        wait_until(lambda mark=mark: not any(name.startswith("python") for name in commands(mark)))
        wait_until(lambda mark=mark: end_leftovers(bubblewrap=parts.bubblewrap) >= 0 and commands(mark) == [])


def test_running_sandboxes_are_no_leftovers(executor: Executor, parts: Parts) -> None:
    executor.start("import time; print('on'); time.sleep(1)")
    wait_until(lambda: end_leftovers(bubblewrap=parts.bubblewrap) == 0)
    assert executor.answer()["stdout"] == "on\n"


def commands(mark: str) -> list[str]:
    """Return the names of the programs of the processes that bear `mark`."""
    return [name for name in map(name_of, bearers(mark)) if name]


def name_of(pid: int) -> str:
    """Return the name of a process's program; nothing when it is gone."""
    try:
        return Path(Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0]).name
    except OSError:
        return ""


def wait_until(true: Callable[[], bool]) -> None:
    """Look until it is; the suite's time limit bounds it."""
    while not true():
        time.sleep(0.001)
