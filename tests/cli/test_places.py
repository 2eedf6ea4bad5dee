"""Locks, runtime directories, ports, logs and endpoint files: the small things a run stands on."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cli.lock import owned
from cli.ports import FREE, count_grpc, count_rest, usable_ports
from cli.rundir import LONGEST_NAME, LONGEST_SOCKET_PATH, make_path, make_private, runtime_dir
from cli.settings import default_data_dir
from cli.supervisor.endpoints import end_recorded, process_entry, read_endpoints, write_endpoints
from cli.supervisor.logfiles import rotate
from servicekit.errors import ConflictError, UnavailableError, ValidationFailedError
from servicekit.tied import tied

HOLD = """
import sys, time
from pathlib import Path
from cli.lock import owned
with owned(Path(sys.argv[1]), what="It"):
    print("held", flush=True)
    time.sleep(1000)
"""


def test_a_lock_names_its_holder_and_is_free_when_the_holder_is_killed(tmp_path: Path) -> None:
    command = tied([sys.executable, "-P", "-c", HOLD, tmp_path / "lock"])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(ConflictError, match=f"It is in use by process {holder.pid}"),
            owned(tmp_path / "lock", what="It"),
        ):
            pass
        holder.kill()
    with owned(tmp_path / "lock", what="It"):
        pass


def test_a_lock_is_not_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="lock"), owned(tmp_path / "lock", what="It"):
        pass
    assert (tmp_path / "victim").read_text() == "precious"


@pytest.mark.parametrize("depth", [0, 30, 60, 120, 200])
def test_sockets_fit_however_deep_the_data_lies(data_dir: Path, depth: int) -> None:
    deep = make_path(data_dir / ("x" * depth))
    base = data_dir / "tmp"
    base.mkdir()
    environ = {"TMPDIR": str(base), "XDG_RUNTIME_DIR": str(base)}
    found = runtime_dir(deep, environ=environ)
    assert len(os.fsencode(found)) + LONGEST_NAME <= LONGEST_SOCKET_PATH
    assert found == runtime_dir(deep, environ=environ)
    with socket.socket(socket.AF_UNIX) as server:
        (found / "services").mkdir()
        server.bind(str(found / "services" / "orchestrator.sock"))


def test_two_data_directories_never_share_a_runtime_directory(data_dir: Path) -> None:
    deep = [make_path(data_dir / (letter * 120)) for letter in "ab"]
    base = data_dir / "tmp"
    base.mkdir()
    environ = {"TMPDIR": str(base), "XDG_RUNTIME_DIR": str(base)}
    assert len({runtime_dir(path, environ=environ) for path in deep}) == 2


@pytest.mark.parametrize("kind", ["link", "open", "file"])
def test_a_directory_that_somebody_else_prepared_is_refused(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "link":
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    elif kind == "file":
        place.write_text("")
    else:
        place.mkdir()
        place.chmod(0o777)
    with pytest.raises(UnavailableError, match="remove it"):
        make_private(place, mode=0o700)


def test_only_missing_directories_are_made(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    made = make_path(tmp_path / "a" / "b")
    assert tmp_path.stat().st_mode & 0o777 == 0o750
    assert made.stat().st_mode & 0o777 == (0o711 if os.geteuid() == 0 else 0o700)


def test_ports_are_counted_from_a_base() -> None:
    assert count_rest(8000)["gateway"] == 8000
    assert count_rest(18000)["guardian"] == 18007
    assert count_grpc(19000)["orchestrator"] == 19000
    assert set(count_rest(0).values()) == set(count_grpc(0).values()) == {0}


def test_free_ports_differ() -> None:
    ports = usable_ports(count_rest(0), host="127.0.0.1", flag="--port")
    assert len(set(ports.values())) == len(ports) == 8
    assert set(ports.values()) < set(FREE)


def test_a_free_port_is_none_that_is_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    free = usable_ports({"judge": 0}, host="127.0.0.1", flag="--port")["judge"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr("cli.ports.FREE", (server.getsockname()[1], free))
        monkeypatch.setattr("cli.ports._TRIES", 2)
        assert usable_ports({"judge": 0}, host="127.0.0.1", flag="--port") == {"judge": free}


def test_a_port_that_is_listened_on_is_taken_and_one_that_was_used_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ConflictError, match=rf"Port {port} \(for judge\).*--port") as refusal:
            usable_ports({"judge": port}, host="127.0.0.1", flag="--port")
        assert refusal.value.reason == "PORT_TAKEN"
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # leaves the port in TIME_WAIT
    assert usable_ports({"judge": port}, host="127.0.0.1", flag="--port") == {"judge": port}


@pytest.mark.parametrize("base", [65530, 65535, 70000])
def test_ports_that_do_not_exist_are_refused(base: int) -> None:
    with pytest.raises(ValidationFailedError, match="--port"):
        usable_ports(count_rest(base), host="127.0.0.1", flag="--port")


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(ConflictError, match=r"192\.0\.2\.1"):
        usable_ports({"gateway": 0}, host="192.0.2.1", flag="--port")


def test_a_large_log_is_put_aside_and_old_ones_are_dropped(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    for number in range(6):
        log.write_text(f"{number}" * 10)
        assert rotate(log, limit=5, kept=2) == log
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.log.1", "x.log.2"]
    assert (tmp_path / "x.log.1").read_text() == "5" * 10
    log.write_text("tiny")
    rotate(log, limit=5, kept=2)
    assert log.read_text() == "tiny"


def test_recorded_processes_are_ended_and_others_are_not(tmp_path: Path) -> None:
    ours, other = [subprocess.Popen(tied(["/bin/sleep", "1000"])) for _ in range(2)]
    file = tmp_path / "endpoints.json"
    write_endpoints(
        file,
        {
            "arms": process_entry(ours.pid),
            "model": {"pid": other.pid, "started": 1.0},  # the id is another process's by now
            "gateway": {"pid": 2**22, "started": 1.0},
            "postgres": {"pid": other.pid},
            "supervisor": process_entry(os.getpid()),
        },
    )
    assert end_recorded(read_endpoints(file)) == 1
    assert not psutil.pid_exists(ours.pid)
    assert other.poll() is None
    other.kill()
    other.wait()
    ours.wait()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"'])
def test_an_endpoints_file_that_is_none_of_ours_is_no_obstacle(tmp_path: Path, text: str) -> None:
    (tmp_path / "endpoints.json").write_text(text)
    assert read_endpoints(tmp_path / "endpoints.json") == {}
    assert read_endpoints(tmp_path / "nothing") == {}


def test_data_goes_to_the_users_data_home_or_roots_own_place() -> None:
    found = default_data_dir(environ={"XDG_DATA_HOME": "/somewhere"})
    assert found == Path("/var/lib/octollm" if os.geteuid() == 0 else "/somewhere/octollm")
