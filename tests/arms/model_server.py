"""Starts the model server's process for tests, and waits until it is where the test wants it."""

import os
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from arms.model.runtime.command import model_server_command
from arms.model.runtime.state import RuntimePhase, RuntimeState, read_state


def wait_for_phase(
    state_file: Path, phase: RuntimePhase, *, process: subprocess.Popen[bytes], seconds: float = 60
) -> RuntimeState:
    """Return the state once it has the phase; fail when the process ends first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = read_state(state_file)
        if state is not None and state.phase is phase:
            return state
        assert process.poll() is None, f"the model server ended with status {process.returncode}"
        time.sleep(0.05)
    raise AssertionError(f"not {phase.value} after {seconds} s: {read_state(state_file)}")


def start_model_server(
    *, model: str, state_file: Path, port: int = 0, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the process as a supervisor would."""
    command = model_server_command(model=model, state_file=state_file, port=port)
    return subprocess.Popen(command.argv, env={**os.environ, **command.env, **(environ or {})})


@contextmanager
def running_model_server(*, model: str, state_file: Path) -> Generator[RuntimeState]:
    """Run a server that is ready, until the block ends."""
    process = start_model_server(model=model, state_file=state_file)
    try:
        yield wait_for_phase(state_file, RuntimePhase.READY, process=process)
    finally:
        process.kill()
        process.wait()
