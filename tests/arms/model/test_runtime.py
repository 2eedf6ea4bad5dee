import os
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from arms.model.runtime.command import model_server_command
from arms.model.runtime.requirements import Machine, missing_requirement
from arms.model.runtime.sizing import usable_cores
from arms.model.runtime.state import RuntimePhase, RuntimeState, read_state, write_state
from servicekit.errors import NotFoundError
from tests.arms.model_server import start_model_server, wait_for_phase

GOOD = Machine(
    system="linux",
    architecture="x86_64",
    cpu_flags=frozenset({"avx2"}),
    can_load=lambda _: True,
    has_package=lambda _: True,
)


@pytest.mark.parametrize(
    ("machine", "text"),
    [
        (GOOD, ""),
        (replace(GOOD, has_package=lambda _: False), "extra `embedded`"),
        (replace(GOOD, can_load=lambda name: name != "libgomp.so.1"), "libgomp1"),
        (replace(GOOD, cpu_flags=frozenset({"avx"})), "no AVX2"),
        (replace(GOOD, cpu_flags=frozenset(), architecture="aarch64"), ""),
        (replace(GOOD, cpu_flags=frozenset(), can_load=lambda _: False, system="darwin"), ""),
    ],
)
def test_what_is_missing_is_told(machine: Machine, text: str) -> None:
    missing = missing_requirement(machine)
    assert (text in missing) if text else missing == ""


@pytest.mark.parametrize(
    ("cpu_max", "expected"),
    [("max 100000", None), ("50000 100000", 1), ("100000 100000", 1), ("nonsense", None), (None, None)],
)
def test_a_container_with_a_quota_gets_no_more_threads(
    tmp_path: Path, cpu_max: str | None, expected: int | None
) -> None:
    file = tmp_path / "cpu.max"
    if cpu_max is not None:
        file.write_text(cpu_max)
    unlimited = usable_cores(cpu_max=tmp_path / "none")
    assert usable_cores(cpu_max=file) == (expected or unlimited)


def test_the_state_file_is_private_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    state = RuntimeState(pid=1, model="local", title="t", phase=RuntimePhase.READY, api_key="secret")
    write_state(path, state)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_state(path) == state
    assert [file.name for file in tmp_path.iterdir()] == ["model.json"]


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"pid": 1}', b'{"phase": "dancing"}'])
def test_a_state_that_cannot_be_read_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.json"
    if content is not None:
        path.write_bytes(content)
    assert read_state(path) is None


def test_a_hosted_model_has_no_server(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        model_server_command(model="openai:gpt-5", state_file=tmp_path / "model.json")


@pytest.mark.model
def test_the_server_asks_for_its_key_and_shows_nothing_else(model_state_file: Path) -> None:
    state = read_state(model_state_file)
    assert state is not None
    body = {"messages": [{"role": "user", "content": "Say hi"}], "max_tokens": 4}
    with httpx.Client(base_url=state.base_url, timeout=60) as client:
        assert client.get("/health").json() == {"status": "ok"}
        assert client.post("/v1/chat/completions", json=body).status_code == 401
        client.headers["Authorization"] = f"Bearer {state.api_key}"
        answer = client.post("/v1/chat/completions", json=body, headers={"Origin": "http://evil.example"})
        assert answer.status_code == 200
        assert answer.headers.get("access-control-allow-origin") in {None, ""}
        assert client.get("/slots").status_code in {404, 501}


@pytest.mark.model
def test_it_stops_on_sigterm_and_takes_its_state_with_it(model_state_file: Path, tmp_path: Path) -> None:
    state_file = tmp_path / "model.json"
    process = start_model_server(model="local-small", state_file=state_file)
    wait_for_phase(state_file, RuntimePhase.READY, process=process)
    process.terminate()
    assert process.wait(10) == 0
    assert not state_file.exists()


@pytest.mark.model
def test_a_taken_port_is_told_and_waits_for_better_days(model_state_file: Path, tmp_path: Path) -> None:
    state_file = tmp_path / "model.json"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start_model_server(model="local-small", state_file=state_file, port=port)
        try:
            state = wait_for_phase(state_file, RuntimePhase.FAILED, process=process)
        finally:
            process.terminate()
            assert process.wait(10) == 0
    assert f"port {port}" in state.detail


def test_a_model_that_cannot_be_fetched_is_told(tmp_path: Path) -> None:
    """No hub, no index: the server stays and says why."""
    nowhere = {
        "OCTOLLM_MODEL_CACHE": str(tmp_path / "models"),
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
    }
    state_file = tmp_path / "model.json"
    process = start_model_server(model="local-small", state_file=state_file, environ=nowhere)
    try:
        state = wait_for_phase(state_file, RuntimePhase.FAILED, process=process)
    finally:
        process.terminate()
        assert process.wait(10) == 0
    assert "hub: " in state.detail
    assert "wheels: " in state.detail


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    """Kill -9 on whoever started it, while it waits to fetch again."""
    state_file = tmp_path / "model.json"
    script = (
        "import pathlib, subprocess, sys\n"
        "from arms.model.runtime.command import model_server_command\n"
        "command = model_server_command(model='local-small', state_file=pathlib.Path(sys.argv[1]))\n"
        "print(subprocess.Popen(command.argv).pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    environ = {
        **os.environ,
        "OCTOLLM_MODEL_CACHE": str(tmp_path / "models"),
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
    }
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(state_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    wait_for_phase(state_file, RuntimePhase.FAILED, process=parent)
    parent.send_signal(signal.SIGKILL)
    parent.wait(10)
    _gone, alive = psutil.wait_procs([child], timeout=10)
    for process in alive:
        process.kill()
    assert not alive
