"""`octollm demo`: everything real, from one command: set up, run one task over REST, shut down."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.client.follow import follow
from cli.client.render import show_task
from cli.client.rest import Api
from cli.client.where import gateway_url
from cli.commands.model import fetch_with_bar
from cli.demo_task import DEMO_TASK
from cli.embedded.unprivileged import temporary_data_dir
from servicekit.errors import InternalError, UnavailableError

_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_LOCAL_MODELS = ("local", "local-small")

Model = Annotated[str, typer.Option("--model", envvar="OCTOLLM_MODEL", help="The language model to use.")]


def demo(model: Model = "local") -> None:
    """Start everything on free ports, run one real task end to end, show the result, shut down.

    Exit status 0 only when the task completed and everything stopped cleanly.
    """
    console = Console()
    if model in _LOCAL_MODELS:
        console.print(f"[bold]1. The language model[/bold] ({model})")
        fetch_with_bar(model, console=console)
    console.print("[bold]2. Gateway, orchestrator, reflex, six arms, PostgreSQL and the model[/bold]")
    with (
        temporary_data_dir(prefix="octollm-demo-") as data_dir,
        _platform(data_dir, model=model, console=console) as api,
    ):
        console.print("[bold]3. One task over REST[/bold]: " + DEMO_TASK["goal"])
        task_id = api.create(DEMO_TASK)["task_id"]
        task = follow(api, task_id, console=console)
        show_task(task, api.steps(task_id)["data"], console=console)
    console.print("[bold]4. Everything stopped[/bold]")
    if task["status"] != "completed":
        raise typer.Exit(1)


@contextmanager
def _platform(data_dir: Path, *, model: str, console: Console) -> Iterator[Api]:
    """`octollm serve all` in a process of its own, ready; stopped at the end."""
    command = [sys.executable, "-m", "cli.main", "serve", "all", "--port", "0", "--grpc-port", "0"]
    command += ["--host", "127.0.0.1", "--auth", "none"]  # for this machine alone, whatever the variables say
    log = data_dir / "demo.log"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--data-dir", str(data_dir), "--model", model],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with _await_ready(process, data_dir, log) as api:
            console.print(f"   ready after {time.monotonic() - started:.1f} s")
            yield api
    finally:
        _stop(process)


def _await_ready(process: subprocess.Popen[bytes], data_dir: Path, log: Path) -> Api:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UnavailableError(f"octollm serve all ended with {process.returncode}:\n{_tail(log)}")
        if (data_dir / "endpoints.json").exists():
            api = Api(base_url=gateway_url(named=None, data_dir=data_dir))
            if api.ready():
                return api
        time.sleep(0.1)
    raise UnavailableError(f"not ready within {_START_SECONDS:.0f} s:\n{_tail(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        status = process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise InternalError(f"the platform did not stop within {_STOP_SECONDS:.0f} s") from None
    if status != 0:
        raise InternalError(f"the platform stopped with status {status}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
