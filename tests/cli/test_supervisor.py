"""The supervisor over real processes and a real PostgreSQL; the services only note what happens to them."""

import asyncio
import contextlib
import os
import signal
import socket
import stat
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.support.fake_run import AS_USER, FakeRun, fake_run, until_gone

SERVICES = {"gateway", "orchestrator", "reflex", "arms"}


async def ask(address: str) -> bytes:
    """Connect to a fake service."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        return await reader.read()
    finally:
        writer.close()


async def until_restarted(run: FakeRun, name: str, *, old: int) -> int:
    await run.until_said(f"{name} runs again")
    new = run.pid({"PostgreSQL": "postgres"}.get(name, name))
    assert new != old
    return new


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_everything_runs_is_listed_and_stops_in_order(data_dir: Path) -> None:
    async with fake_run(data_dir) as run:
        await run.until_said("ready after")
        listed = run.endpoints()
        assert set(listed) >= SERVICES | {"postgres", "model", "supervisor", "planner", "guardian"}
        assert listed["orchestrator"]["pid"] == listed["reflex"]["pid"] != listed["arms"]["pid"]
        assert listed["supervisor"]["pid"] == run.process.pid
        assert await ask(listed["gateway"]["rest"]) == b"here\n"
        assert len({entry["rest"] for entry in listed.values() if "rest" in entry}) == 8
        family = run.family()
        begin = time.monotonic()
        assert await run.stop() == 0, run.said
        assert time.monotonic() - begin < 15
        await until_gone(family, seconds=1)
    assert not (data_dir / "endpoints.json").exists()
    stopping = run.notes()[4:]
    assert stopping == [
        *("gateway drains", "gateway ended"),
        *("orchestrator drains", "reflex drains", "reflex ended", "orchestrator ended"),
        *("arms drains", "arms ended"),
    ]


async def test_only_who_opens_the_database_is_told_where_it_is(data_dir: Path) -> None:
    environ = {"OCTOLLM_DATABASE_URL": "", "ANTHROPIC_API_KEY": "made-up"}
    async with fake_run(data_dir, environ=environ) as run:
        await run.until_said("ready after")
        told = {name: psutil.Process(run.pid(name)).environ() for name in SERVICES}
        for name in SERVICES:
            assert ("OCTOLLM_DATABASE_URL" in told[name]) == (name != "gateway")
            assert ("ANTHROPIC_API_KEY" in told[name]) == (name == "arms")
        for process in run.family():
            assert "postgresql:" not in " ".join(process.cmdline())


async def test_a_second_run_on_the_same_directory_is_refused(data_dir: Path) -> None:
    async with fake_run(data_dir) as first:
        await first.until_said("ready after")
        async with fake_run(data_dir) as second:
            assert await second.ended() == 1
            assert f"in use by process {first.process.pid}" in second.said
        assert (await ask(first.endpoints()["gateway"]["rest"])) == b"here\n"


@pytest.mark.parametrize(("place", "flag"), [(0, "--port"), (1, "--grpc-port")])
async def test_a_taken_port_is_named(data_dir: Path, place: int, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = (port, 0) if place == 0 else (0, port)
        async with fake_run(data_dir, ports=ports) as run:
            assert await run.ended() == 1
            assert f"Port {port}" in run.said
            assert flag in run.said
    assert not (data_dir / "postgres").exists()


async def test_killing_the_supervisor_leaves_nothing_and_the_next_run_works(data_dir: Path) -> None:
    async with fake_run(data_dir) as run:
        await run.until_said("ready after")
        family = run.family()
        run.process.kill()
        await run.ended()
        await until_gone(family)
    assert (data_dir / "endpoints.json").exists()
    async with fake_run(data_dir) as run:
        await run.until_said("ready after")
        assert await run.stop() == 0


async def test_after_killing_everything_at_once_the_next_run_works(data_dir: Path) -> None:
    for _ in range(2):
        async with fake_run(data_dir) as run:
            await run.until_said("ready after")
            for process in run.family():
                with contextlib.suppress(psutil.NoSuchProcess):  # it died with the supervisor
                    process.send_signal(signal.SIGKILL)
            await run.ended()
    async with fake_run(data_dir) as run:
        await run.until_said("ready after")
        assert await run.stop() == 0


async def test_a_killed_postgresql_is_started_again_at_the_same_address(data_dir: Path) -> None:
    async with fake_run(data_dir) as run:
        await run.until_said("ready after")
        url, old = run.endpoints()["postgres"]["url"], run.pid("postgres")
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("CREATE TABLE kept (n int)")
        os.kill(old, signal.SIGKILL)
        await until_restarted(run, "PostgreSQL", old=old)
        assert run.endpoints()["postgres"]["url"] == url
        async with await psycopg.AsyncConnection.connect(url) as connection:
            await connection.execute("SELECT n FROM kept")


@pytest.mark.parametrize("name", ["arms", "model"])
async def test_a_killed_process_is_started_again_and_the_others_are_not(data_dir: Path, name: str) -> None:
    async with fake_run(data_dir) as run:
        await run.until_said("ready after")
        gateway, old = run.pid("gateway"), run.pid(name)
        os.kill(old, signal.SIGKILL)
        await run.until_said(f"{name} ended (killed by signal 9)")
        await until_restarted(run, name, old=old)
        assert run.pid("gateway") == gateway
        assert await run.stop() == 0
    assert f"{name} ended (killed by signal 9)" in (data_dir / "logs" / "supervisor.log").read_text()


async def test_a_service_that_cannot_run_ends_the_start_with_its_reason(data_dir: Path) -> None:
    async with fake_run(data_dir, environ={"FAKE_TROUBLE": "refuse:arms"}) as run:
        assert await run.ended() == 1
        assert "arms cannot run: arms has no luck today" in run.said
        assert str(data_dir / "logs" / "arms.log") in run.said
    assert not (data_dir / "endpoints.json").exists()


async def test_a_stop_while_starting_stops(data_dir: Path) -> None:
    async with fake_run(data_dir, environ={"FAKE_TROUBLE": "hang:gateway"}) as run:
        await run.until_noted("gateway hangs")
        family = run.family()
        assert await run.stop() == 0
        await until_gone(family, seconds=1)


async def test_a_deaf_process_is_killed_in_time(data_dir: Path) -> None:
    async with fake_run(data_dir, environ={"FAKE_TROUBLE": "deaf:arms"}) as run:
        await run.until_said("ready after")
        family = run.family()
        begin = time.monotonic()
        assert await run.stop() == 0
        assert time.monotonic() - begin < 15
        await until_gone(family, seconds=1)
    assert "arms is deaf" in run.notes()


async def test_a_second_ctrl_c_does_not_wait_for_the_drain(data_dir: Path) -> None:
    environ = {"FAKE_TROUBLE": "slow:orchestrator", "FAKE_DRAIN": "60"}
    async with fake_run(data_dir, environ=environ) as run:
        await run.until_said("ready after")
        run.process.send_signal(signal.SIGINT)
        await run.until_noted("orchestrator drains")
        run.process.send_signal(signal.SIGINT)
        assert await run.ended(seconds=30) == 0


async def test_no_permission_outside_is_changed(data_dir: Path) -> None:
    outside = [data_dir, *data_dir.parents]
    before = [mode(path) for path in outside]
    async with fake_run(data_dir) as run:
        await run.until_said("ready after")
        sockets = Path(run.endpoints()["gateway"]["socket"].removeprefix("unix:"))
        assert mode(sockets.parent) == 0o700
        assert mode(data_dir / "logs") == 0o700
        assert mode(data_dir / "postgres" / "data") == 0o700
        assert mode(data_dir / "run" / "pg") == 0o700
        for log in (data_dir / "logs").iterdir():
            assert mode(log) == 0o600
        assert await run.stop() == 0
    assert [mode(path) for path in outside] == before


async def test_an_ordinary_user_runs_it_too(data_dir: Path) -> None:
    environ = {"HOME": str(data_dir), "XDG_RUNTIME_DIR": str(data_dir)}
    async with fake_run(data_dir / "data", environ=environ, prefix=AS_USER) as run:
        await run.until_said("ready after")
        family = run.family()
        assert (data_dir / "data" / "postgres" / "data").stat().st_uid == os.geteuid()
        run.process.kill()
        await run.ended()
        await until_gone(family)
    async with fake_run(data_dir / "data", environ=environ, prefix=AS_USER) as run:
        await run.until_said("ready after")
        assert await run.stop() == 0
    assert mode(data_dir / "data") == 0o700
