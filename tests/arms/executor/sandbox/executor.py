"""Starts the driver, talks to it, and looks for what a program left behind."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[4]
DRIVER = Path(__file__).with_name("driver.py")
SECRET = "a-secret-of-the-host"


class Executor:
    """A process that runs programs in the sandbox."""

    def __init__(self, *, staging_dir: Path, user: str, before: tuple[str, ...] = ()) -> None:
        self._process = subprocess.Popen(
            [*before, sys.executable, str(DRIVER), str(staging_dir), user],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={
                "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
                "HOST_SECRET": SECRET,
                "PATH": os.environ["PATH"],
            },
        )
        self.greeting = self.answer()
        self.user = user

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, value, trace)

    def start(self, source: str, **request: Any) -> str:
        """Ask for a program without waiting for it; return the mark that its processes bear."""
        mark = f"mark-{uuid.uuid4()}"
        asked = {"files": {}, "outputs": [], "limits": {}, **request, "source": source, "mark": mark}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return mark

    def run(self, source: str, **request: Any) -> dict[str, Any]:
        """Run a program and check that nothing of it is left."""
        mark = self.start(source, **request)
        answer = self.answer()
        assert bearers(mark) == []
        return answer

    def kill(self) -> None:
        """Die without a chance to clean up."""
        self._process.kill()
        self._process.wait()

    def answer(self) -> dict[str, Any]:
        """Read the next line that the executor writes."""
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


def bearers(mark: str) -> list[int]:
    """Return the processes of this machine whose command line bears `mark`."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in command:
                found.append(int(entry.name))
    return found
