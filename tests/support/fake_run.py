"""One run of the supervisor over fake services, as a process of its own that a test may kill."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from servicekit.tied import tied

HERE = Path(__file__).parent
PLATFORM = [sys.executable, "-P", str(HERE / "fake_platform.py")]
AS_USER = [sys.executable, "-P", str(HERE / "as_user.py")]


class FakeRun:
    """A run that was started.

    Args:
        process: the supervisor's.
        data_dir: its data directory.
    """

    def __init__(self, process: asyncio.subprocess.Process, *, data_dir: Path) -> None:
        self.process = process
        self.data_dir = data_dir
        self.said = ""

    async def until_said(self, text: str, *, seconds: float = 60) -> None:
        """Wait for a text on the console; fails when the run ends first."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while text not in self.said:
                line = await self.process.stdout.readline()
                assert line, f"ended without saying {text!r}:\n{self.said}"
                self.said += line.decode()

    async def until_noted(self, text: str, *, seconds: float = 30) -> None:
        """Wait for a fake service's note."""
        await until_noted(self.data_dir, text, seconds=seconds)

    async def ended(self, *, seconds: float = 30) -> int:
        """Wait until the supervisor has ended; return its exit status."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            self.said += (await self.process.stdout.read()).decode()
            return await self.process.wait()

    async def stop(self) -> int:
        """Ask it to stop, wait, return its exit status."""
        self.process.terminate()
        return await self.ended()

    def endpoints(self) -> dict[str, dict[str, Any]]:
        """What endpoints.json says."""
        return json.loads((self.data_dir / "endpoints.json").read_text())

    def pid(self, name: str) -> int:
        """The process id that endpoints.json gives for a name."""
        return int(self.endpoints()[name]["pid"])

    def family(self) -> list[psutil.Process]:
        """The supervisor's process and all below it, PostgreSQL's too."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def notes(self) -> list[str]:
        """What the fake services noted, in order."""
        return notes_in(self.data_dir)


@asynccontextmanager
async def fake_run(
    data_dir: Path,
    *,
    ports: tuple[int, int] = (0, 0),
    environ: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
) -> AsyncGenerator[FakeRun]:
    """Start a run, and end whatever is left of it after the block.

    Args:
        data_dir: its data directory.
        ports: base of the REST and of the gRPC ports.
        environ: variables to add to ours.
        prefix: a program that runs it, such as AS_USER.
    """
    process = await asyncio.create_subprocess_exec(
        *tied([*prefix, *PLATFORM, data_dir, *map(str, ports)]),
        env={**os.environ, **(environ or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield FakeRun(process, data_dir=data_dir)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()


def notes_in(data_dir: Path) -> list[str]:
    """What fake services noted in a data directory, in order, without the times."""
    try:
        lines = (data_dir / "events").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [line.split(" ", 1)[1] for line in lines]


async def until_noted(data_dir: Path, text: str, *, seconds: float = 30) -> None:
    """Wait until a fake service has noted a text."""
    for _ in range(round(seconds / 0.02)):
        if any(text in note for note in notes_in(data_dir)):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"nobody noted {text!r}: {notes_in(data_dir)}")


async def until_gone(processes: Sequence[psutil.Process], *, seconds: float = 20) -> None:
    """Wait until none of the processes runs any more; a zombie does not run."""
    for _ in range(round(seconds / 0.05)):
        if not any(runs(process) for process in processes):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"still running: {[process for process in processes if runs(process)]}")


def runs(process: psutil.Process) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
