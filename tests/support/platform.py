"""A whole platform for tests: `octollm serve all` in a process of its own, with the small real model."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

T = TypeVar("T")


class Platform:
    """One data directory and the platform that runs on it, to start, kill and start again."""

    def __init__(
        self,
        data_dir: Path,
        *,
        model: str = "local-small",
        flags: tuple[str, ...] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self._environ = dict(environ or {})
        self._model = model
        self._flags = flags
        self._process: subprocess.Popen[bytes] | None = None
        self._family: list[psutil.Process] = []

    def start(self, *, seconds: float = 60) -> float:
        """Start and wait until it takes tasks; how many seconds that took."""
        began = time.monotonic()
        self.spawn()
        until(self.is_ready, seconds=seconds, what="the platform to be ready")
        return time.monotonic() - began

    def spawn(self) -> None:
        """Start and wait for nothing."""
        command = [sys.executable, "-m", "cli.main", "serve", "all", "--port", "0", "--grpc-port", "0"]
        with (self.data_dir / "serve.out").open("ab") as output:
            self._process = subprocess.Popen(
                [*command, "--data-dir", str(self.data_dir), "--model", self._model, *self._flags],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environ},
            )

    def is_ready(self) -> bool:
        """Whether it takes tasks."""
        assert self.process.poll() is None, (self.data_dir / "serve.out").read_text(errors="replace")[-4000:]
        try:
            return httpx.get(f"{self.url}/ready", timeout=5).status_code == 200
        except (OSError, ValueError, KeyError, httpx.TransportError):
            return False

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The supervisor."""
        assert self._process is not None
        return self._process

    @property
    def endpoints(self) -> dict[str, Any]:
        """What endpoints.json says."""
        return json.loads((self.data_dir / "endpoints.json").read_text())

    @property
    def base(self) -> str:
        """The gateway without a path."""
        return str(self.endpoints["gateway"]["rest"])

    @property
    def url(self) -> str:
        """The gateway's API."""
        return f"{self.base}/api/v1"

    def family(self) -> list[psutil.Process]:
        """The supervisor and everything that it started."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit status and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        return status, time.monotonic() - began

    def kill_everything(self) -> None:
        """SIGKILL to every process, PostgreSQL and the model's server too, at one moment."""
        family = self.family()
        for process in family:
            process.suspend()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):  # it died with the supervisor
                process.kill()
        self.process.wait(10)
        psutil.wait_procs(family, timeout=10)

    def logs(self, name: str = "*") -> list[dict[str, Any]]:
        """Every JSON log line that the services wrote."""
        lines: list[dict[str, Any]] = []
        for path in sorted((self.data_dir / "logs").glob(f"{name}.log")):
            text = path.read_text(errors="replace")
            lines.extend(json.loads(line) for line in text.splitlines() if line.startswith("{"))
        return lines


def until(check: Callable[[], T], *, seconds: float, what: str) -> T:
    """Call `check` until it gives something true, and return that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = check()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


@contextmanager
def running_platform(data_dir: Path, **options: Any) -> Generator[Platform]:
    """A platform that is started here and gone afterwards, whatever happened."""
    platform = Platform(data_dir, **options)
    try:
        platform.start()
        yield platform
    finally:
        if platform.process.poll() is None:
            family = platform.family()
            platform.process.send_signal(signal.SIGTERM)
            _, alive = psutil.wait_procs(family, timeout=20)
            for process in alive:
                process.kill()
