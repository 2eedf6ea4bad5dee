"""Real processes for tests that break them: orchestrators and arms, started, killed, frozen by their pid."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from grpc_health.v1 import health_pb2, health_pb2_grpc
from octollm.orchestrator.v1 import tasks_pb2, tasks_pb2_grpc
from octollm.service.v1 import status_pb2_grpc

from servicekit.channel import open_channel
from servicekit.errors import OctoError


@dataclass
class Child:
    """One process of ours.

    Attributes:
        name: its socket directory's and log file's name.
        argv: the program and its arguments.
        env: variables beside our own.
        log: where its output goes.
        ready: whether it prints a line on its standard output when it is ready.
    """

    name: str
    argv: list[str]
    env: dict[str, str]
    log: Path
    ready: bool = False
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self, *, seconds: float = 60.0) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.argv,
                env={**os.environ, **self.env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if self.ready else log,
                stderr=log,
            )
        if self.ready and self.process.stdout:
            async with asyncio.timeout(seconds):
                line = await self.process.stdout.readline()
            told = json.loads(line or '{"error": "ended"}')
            assert not told["error"], (told, self.log.read_text()[-2000:])

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def kill(self) -> None:
        """End it at once (SIGKILL)."""
        if self.alive and self.process:
            self.process.kill()
            await self.process.wait()

    async def stop(self, *, seconds: float = 20.0) -> int:
        """Ask it to end (SIGTERM); its exit status."""
        assert self.process is not None
        self.process.terminate()
        async with asyncio.timeout(seconds):
            return await self.process.wait()


def orchestrator(
    root: Path, database_url: str, *, name: str = "o1", wrapper: tuple[str, ...] = (), **settings: Any
) -> Child:
    """An orchestrator with a socket directory of its own; the reflex of `root` is linked into it."""
    sockets = root / name
    sockets.mkdir(exist_ok=True)
    link = sockets / "reflex.sock"
    if not link.is_symlink():
        link.symlink_to(root / "reflex.sock")
    told = {"lease_seconds": 2.0, "heartbeat_seconds": 0.5, "sweep_seconds": 0.2}
    told |= {"sweep": {"dead_worker": 2.5}, **settings}
    env = {f"OCTOLLM_{key.upper()}": _variable(value) for key, value in told.items()}
    env |= {
        "OCTOLLM_DATABASE_URL": database_url,
        "OCTOLLM_SOCKET_DIR": str(sockets),
        "OCTOLLM_GRPC_PORTS": "{}",
    }
    argv = [*wrapper, sys.executable, "-m", "cli.serve", "orchestrator"]
    return Child(name=name, argv=argv, env=env, log=root / f"{name}.log", ready=True)


def arms(root: Path, *, registry: str = "o1/orchestrator", name: str = "arms", **flags: Any) -> Child:
    """Arms that serve all roles, and a reflex, on the sockets of `root`."""
    argv = [sys.executable, "-m", "tests.fault.arms_process", "--sockets", str(root), "--name", name]
    argv += ["--registry", registry]
    for key, value in flags.items():
        argv += [f"--{key}"] if value is True else [f"--{key}", str(value)]
    paths = os.pathsep.join(sys.path)
    return Child(name=name, argv=argv, env={"PYTHONPATH": paths}, log=root / f"{name}.log", ready=True)


def _variable(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict) else str(value)


@contextlib.asynccontextmanager
async def running(*children: Child) -> AsyncIterator[None]:
    """Start children, and leave none behind."""
    try:
        for child in children:
            await child.start()
        yield
    finally:
        for child in children:
            if child.alive:
                with contextlib.suppress(ProcessLookupError):
                    child.signal(signal.SIGCONT)
                await child.kill()


class Client:
    """Talks to orchestrators, whichever answers.

    Args:
        root: where the socket directories lie.
        names: the orchestrators.
    """

    def __init__(self, root: Path, *names: str) -> None:
        self._channels = [
            open_channel(f"unix:{root / name / 'orchestrator.sock'}", timeout=20) for name in names
        ]
        self.status = status_pb2_grpc.StatusServiceStub(self._channels[0])
        self.health: Any = cast("Any", health_pb2_grpc).HealthStub(self._channels[0])
        self.stubs = [tasks_pb2_grpc.TaskServiceStub(channel) for channel in self._channels]

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()

    async def ready(self) -> bool:
        """Whether the first orchestrator says that it serves."""
        messages = cast("Any", health_pb2)
        answer = await self.health.Check(messages.HealthCheckRequest())
        return bool(answer.status == messages.HealthCheckResponse.SERVING)

    async def submit(self, goal: str, *, key: str = "", turn: int = 0, **spec: Any) -> tasks_pb2.Task:
        """Submit at one orchestrator; no second try."""
        request = tasks_pb2.CreateTaskRequest(spec=tasks_pb2.TaskSpec(goal=goal, **spec), idempotency_key=key)
        return (await self.stubs[turn % len(self.stubs)].CreateTask(request)).task

    async def surely_submit(self, goal: str, *, key: str, seconds: float = 60.0, **spec: Any) -> str:
        """Submit under a key until some orchestrator acknowledges; the task's id."""
        async with asyncio.timeout(seconds):
            turn = 0
            while True:
                try:
                    return (await self.submit(goal, key=key, turn=turn, **spec)).task_id
                except OctoError:
                    turn += 1
                    await asyncio.sleep(0.05)

    async def ended(self, task_id: str, *, seconds: float = 60.0) -> tasks_pb2.Task:
        """Wait for a task's end at whichever orchestrator answers."""
        request = tasks_pb2.GetTaskRequest(task_id=task_id, wait_seconds=5)
        async with asyncio.timeout(seconds):
            turn = 0
            while True:
                try:
                    task = (await self.stubs[turn % len(self.stubs)].GetTask(request)).task
                    if task.status >= tasks_pb2.TASK_STATUS_COMPLETED:
                        return task
                except OctoError:
                    turn += 1
                    await asyncio.sleep(0.05)
