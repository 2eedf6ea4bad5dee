"""The embedded PostgreSQL's launcher: private, unprivileged, durable, never left behind."""

import asyncio
import os
import pwd
import signal
import stat
import sys
from importlib import metadata
from pathlib import Path

import psutil
import psycopg
import pytest

from cli.embedded.place import make_root
from cli.embedded.postgres import embedded_postgres
from cli.embedded.takeover import working_in
from cli.embedded.unprivileged import can_reach, server_account
from cli.embedded.wheel import copy_programs, find_programs
from servicekit.errors import ConflictError, UnavailableError, ValidationFailedError
from servicekit.tied import tied
from tests.support.fake_run import AS_USER, until_gone
from tests.support.postgres import BreakablePostgres

LAUNCH = """
import asyncio, os, sys
from pathlib import Path
from cli.embedded.postgres import embedded_postgres

async def main(data):
    async with embedded_postgres(data_dir=data, log_file=data / "log", environ=os.environ) as server:
        print(server.pid, os.geteuid(), server.url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1])))
"""


async def launch(
    data_dir: Path, *, prefix: tuple[str, ...] = ()
) -> tuple[asyncio.subprocess.Process, list[str]]:
    """Start a server in a process of its own; return that and what it printed."""
    owner = await asyncio.create_subprocess_exec(
        *tied([*prefix, sys.executable, "-P", "-c", LAUNCH, data_dir]), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    return owner, (await owner.stdout.readline()).decode().split()


async def setting(url: str, name: str) -> str:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        row = await (await connection.execute("SELECT current_setting(%s)", (name,))).fetchone()
    assert row is not None
    return row[0]


def running(place: Path) -> list[psutil.Process]:
    return list(working_in(place / "postgres" / "data"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("is_superuser", "off"),
    ],
)
async def test_it_is_durable_and_private(postgres_server: BreakablePostgres, name: str, value: str) -> None:
    assert await setting(postgres_server.url, name) == value


async def test_it_runs_as_nobody_when_we_are_root(postgres_server: BreakablePostgres) -> None:
    expected = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    assert set(psutil.Process(postgres_server.pid).uids()) == {expected}


async def test_another_user_is_not_let_in(postgres_server: BreakablePostgres, data_dir: Path) -> None:
    (data_dir / "postgres" / "pg_ident.conf").write_text('octollm "somebody-else" all\n')
    os.kill(postgres_server.pid, signal.SIGHUP)
    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        while True:
            async with await psycopg.AsyncConnection.connect(postgres_server.url):
                await asyncio.sleep(0.01)  # until it has read its files again


async def test_a_value_never_reaches_the_log(postgres_server: BreakablePostgres, data_dir: Path) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_server.url, autocommit=True) as connection:
        await connection.execute("CREATE TABLE t (secret text PRIMARY KEY)")
        await connection.execute("INSERT INTO t VALUES (%s)", ("hunter2",))
        with pytest.raises(psycopg.errors.UniqueViolation):
            await connection.execute("INSERT INTO t VALUES (%s)", ("hunter2",))
        with pytest.raises(psycopg.errors.UniqueViolation):
            await connection.execute("INSERT INTO t VALUES ('hunter2')")
    text = (data_dir / "postgres.log").read_text()
    assert "duplicate key" in text
    assert "hunter2" not in text


async def test_two_on_one_directory_are_refused(postgres_server: BreakablePostgres, data_dir: Path) -> None:
    with pytest.raises(ConflictError, match=f"in use by process {os.getpid()}"):
        async with embedded_postgres(data_dir=data_dir, log_file=data_dir / "other.log", environ=os.environ):
            pass
    assert await setting(postgres_server.url, "fsync") == "on"


async def test_it_ends_with_the_process_that_started_it(data_dir: Path) -> None:
    owner, _ = await launch(data_dir)
    family = running(data_dir)
    assert family
    owner.kill()
    await owner.wait()
    await until_gone(family)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
async def test_what_a_killed_owner_left_is_taken_over(data_dir: Path, number: signal.Signals) -> None:
    owner, _ = await launch(data_dir)
    for process in running(data_dir):
        process.send_signal(number)
    owner.kill()
    await owner.wait()
    async with embedded_postgres(data_dir=data_dir, log_file=data_dir / "log", environ=os.environ) as server:
        assert await setting(server.url, "fsync") == "on"


async def test_a_pid_file_that_names_somebody_else_is_no_obstacle(data_dir: Path) -> None:
    async with embedded_postgres(data_dir=data_dir, log_file=data_dir / "log", environ=os.environ):
        text = (data_dir / "postgres" / "data" / "postmaster.pid").read_text()
    bystander = await asyncio.create_subprocess_exec(*tied(["/bin/sleep", "1000"], account=server_account()))
    (data_dir / "postgres" / "data" / "postmaster.pid").write_text(
        "\n".join([str(bystander.pid), *text.splitlines()[1:]])
    )
    async with embedded_postgres(data_dir=data_dir, log_file=data_dir / "log", environ=os.environ) as server:
        assert await setting(server.url, "fsync") == "on"
    assert bystander.returncode is None
    bystander.kill()
    await bystander.wait()


async def test_a_killed_initdb_is_begun_again(data_dir: Path) -> None:
    unfinished = make_root(data_dir) / "data.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    async with embedded_postgres(data_dir=data_dir, log_file=data_dir / "log", environ=os.environ) as server:
        assert await setting(server.url, "fsync") == "on"


async def test_a_cluster_of_another_version_is_refused(data_dir: Path) -> None:
    cluster = make_root(data_dir) / "data"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(UnavailableError, match=r"made by PostgreSQL 16.*pg_dump"):
        async with embedded_postgres(data_dir=data_dir, log_file=data_dir / "log", environ=os.environ):
            pass


async def test_a_server_that_cannot_start_says_where_to_look(data_dir: Path) -> None:
    wrong = {"shared_buffers": "no number"}
    with pytest.raises(UnavailableError, match=str(data_dir / "log")):
        async with embedded_postgres(
            data_dir=data_dir, log_file=data_dir / "log", environ=os.environ, overrides=wrong
        ):
            pass
    assert not running(data_dir)


async def test_a_long_path_moves_the_socket_not_the_data(data_dir: Path) -> None:
    deep = data_dir / ("d" * 100)
    runtime = {**os.environ, "XDG_RUNTIME_DIR": str(data_dir), "TMPDIR": str(data_dir)}
    for _ in range(2):  # the second start finds the first one's directory
        async with embedded_postgres(data_dir=deep, log_file=data_dir / "log", environ=runtime) as server:
            assert await setting(server.url, "fsync") == "on"
            assert "d" * 100 not in server.url
            assert (deep / "postgres" / "data" / "PG_VERSION").exists()


async def test_an_ordinary_user_can_run_it(data_dir: Path) -> None:
    owner, (pid, uid, _) = await launch(data_dir / "home", prefix=tuple(AS_USER))
    assert int(uid) != 0
    assert psutil.Process(int(pid)).ppid() == owner.pid
    assert stat.S_IMODE((data_dir / "home" / "postgres" / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "home").stat().st_mode) == 0o700
    family = running(data_dir / "home")
    owner.kill()
    await owner.wait()
    await until_gone(family)


def test_a_directory_that_the_server_cannot_reach_is_refused(tmp_path: Path) -> None:
    account = server_account()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    if account is None:  # an ordinary user's server reaches what the user reaches
        assert make_root(closed) == closed.resolve() / "postgres"
        return
    with pytest.raises(ValidationFailedError, match=r"nobody.*--data-dir") as refusal:
        make_root(closed)
    assert refusal.value.reason == "UNREACHABLE_DIRECTORY"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_missing_wheel_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(UnavailableError, match=r"OCTOLLM_DATABASE_URL.*octollm\[embedded\]"):
        find_programs()


async def test_programs_out_of_reach_are_copied_once(data_dir: Path) -> None:
    programs = find_programs()
    copied = copy_programs(programs, to=data_dir / "shared")
    assert copied.key == programs.key
    made = copied.path("postgres").stat().st_mtime_ns, copied.site.stat().st_ino
    assert copy_programs(programs, to=data_dir / "shared") == copied
    assert (copied.path("postgres").stat().st_mtime_ns, copied.site.stat().st_ino) == made
    account = server_account()
    if account is not None:
        assert can_reach(copied.path("postgres"), account=account)
    run = await asyncio.create_subprocess_exec(
        *tied([copied.path("postgres"), "--version"], account=account), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await run.communicate()
    assert output.startswith(b"postgres (PostgreSQL) 18")


async def test_a_copied_server_works_and_an_unfinished_copy_is_made_again(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = find_programs()
    unfinished = data_dir / "shared" / f"{programs.key}.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "leftover").write_text("from a killed copy")
    copied = copy_programs(programs, to=data_dir / "shared")
    assert not (copied.site / "leftover").exists()
    monkeypatch.setattr("cli.embedded.place.find_programs", lambda: copied)
    async with embedded_postgres(data_dir=data_dir, log_file=data_dir / "log", environ=os.environ) as server:
        assert server.pid is not None
        assert psutil.Process(server.pid).exe() == str(copied.path("postgres"))
        async with await psycopg.AsyncConnection.connect(server.url) as connection:
            await connection.execute("SELECT '[1,2]'::vector")
