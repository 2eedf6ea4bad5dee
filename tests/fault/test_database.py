"""PostgreSQL killed, frozen, full, or cut off after a commit: refused in time, nothing acknowledged lost."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest
from octollm.orchestrator.v1 import tasks_pb2

from servicekit.errors import OctoError, UnavailableError
from tests.fault.history import Seen, check_history
from tests.fault.processes import Client, arms, orchestrator, running
from tests.fault.proxy import Proxy
from tests.orchestrator.house import eventually
from tests.support.postgres import BreakablePostgres


async def refused(call: Callable[[], Awaitable[object]]) -> float:
    """Seconds until a call is refused as unavailable."""
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        await call()
    return time.monotonic() - began


async def recovers(client: Client) -> float:
    """Seconds until a submit is taken."""
    began = time.monotonic()
    await client.surely_submit("again", key="again", seconds=30)
    return time.monotonic() - began


async def not_ready(client: Client) -> bool:
    """Whether the orchestrator lives and says that it does not serve."""
    return not await client.ready()


@pytest.mark.parametrize("freeze", [False, True], ids=["killed", "frozen"])
async def test_postgresql_goes_and_comes_back(
    freeze: bool, root: Path, postgres_server: BreakablePostgres
) -> None:
    seen = Seen()
    holder = orchestrator(root, postgres_server.url)
    async with running(arms(root, reflex=True, steps=3, delay=0.3), holder):
        client = Client(root, "o1")
        for number in range(10):
            seen.acknowledged.add(await client.surely_submit("g", key=f"k{number}"))
        if freeze:
            postgres_server.pause()
        else:
            await postgres_server.kill()
        slowest = max([await refused(lambda: client.submit("refused")) for _ in range(3)])
        request = tasks_pb2.ListTasksRequest()
        slowest = max(slowest, await refused(lambda: client.stubs[0].ListTasks(request)))
        assert holder.alive
        await eventually(lambda: not_ready(client))
        if freeze:
            postgres_server.resume()
        else:
            await postgres_server.start()
        back = await recovers(client)
        await eventually(client.ready)
        for task_id in seen.acknowledged:
            seen.ended[task_id] = (await client.ended(task_id)).status
        await client.close()
        await holder.stop()
    check_history(postgres_server.url, seen)
    print(f"refused within {slowest:.2f} s, back after {back:.2f} s")  # noqa: T201  # measured
    assert slowest < 4, "2 s, with room for a busy machine"
    assert back < 10, "5 s, with room for a busy machine"


async def test_everything_killed_at_once(root: Path, postgres_server: BreakablePostgres) -> None:
    seen = Seen()
    holder, workers = orchestrator(root, postgres_server.url), arms(root, reflex=True, steps=3, delay=0.1)
    async with running(workers, holder):
        client = Client(root, "o1")
        for number in range(20):
            seen.acknowledged.add(await client.surely_submit("g", key=f"k{number}"))
        await asyncio.gather(holder.kill(), workers.kill(), postgres_server.kill())
        await postgres_server.start()
        await asyncio.gather(holder.start(), workers.start())
        for task_id in seen.acknowledged:
            seen.ended[task_id] = (await client.ended(task_id)).status
        await client.close()
        await holder.stop()
    check_history(postgres_server.url, seen)


async def test_a_lost_commit_reply_is_found_by_its_key(root: Path, database_url: str) -> None:
    async with Proxy.in_front_of(database_url, root) as proxy:
        holder = orchestrator(root, proxy.url)
        async with running(arms(root, reflex=True), holder):
            client = Client(root, "o1")
            await client.ended(await client.surely_submit("warm", key="warm"))
            for number in range(5):
                key = f"lost-{number}"
                proxy.lose_replies_to(b"INSERT INTO orchestrator.tasks")
                with pytest.raises(OctoError):
                    await client.submit("g", key=key)
                assert proxy.lost
                proxy.heal()
                found = await client.surely_submit("g", key=key)
                assert (await client.ended(found)).status == tasks_pb2.TASK_STATUS_COMPLETED
            await client.close()
        with psycopg.connect(database_url) as connection:
            row = connection.execute("SELECT count(*) FROM orchestrator.tasks").fetchone()
    assert row == (6,), "one task a key"


FULL = """
CREATE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON orchestrator.tasks EXECUTE FUNCTION public.full_disk();
CREATE TRIGGER full_disk BEFORE INSERT ON orchestrator.task_events EXECUTE FUNCTION public.full_disk();
CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON orchestrator.steps EXECUTE FUNCTION public.full_disk()"""


async def test_a_full_disk_refuses_writes_and_serves_reads(root: Path, database_url: str) -> None:
    """Every table refuses to grow, as PostgreSQL tells it; what runs meanwhile ends once there is room."""
    log = root / "calls"
    holder = orchestrator(root, database_url)
    seen = Seen()
    async with running(arms(root, reflex=True, steps=2, delay=1.0, log=log), holder):
        client = Client(root, "o1")
        before = await client.surely_submit("g", key="before")
        await client.ended(before)
        running_now = await client.surely_submit("g", key="running")
        seen.acknowledged |= {before, running_now}
        await eventually(lambda: f"begin {running_now}" in log.read_text())
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(FULL)
            for _ in range(3):
                with pytest.raises(UnavailableError):
                    await client.submit("refused")
                await asyncio.sleep(0.5)
            assert (await client.ended(before)).status == tasks_pb2.TASK_STATUS_COMPLETED
            assert (await client.stubs[0].ListTasks(tasks_pb2.ListTasksRequest())).total_items == 2
            connection.execute("DROP FUNCTION public.full_disk() CASCADE")
        seen.acknowledged.add(await client.surely_submit("taken", key="after"))
        for task_id in seen.acknowledged:
            seen.ended[task_id] = (await client.ended(task_id)).status
        await client.close()
        await holder.stop()
    check_history(database_url, seen)


async def test_a_wake_up_survives_a_lost_listener(root: Path, database_url: str) -> None:
    """Every backend is terminated again and again: listeners, pools, procrastinate's worker."""
    holder = orchestrator(root, database_url)
    seen = Seen()
    async with running(arms(root, reflex=True), holder):
        client = Client(root, "o1")
        with psycopg.connect(database_url, autocommit=True) as connection:
            for number in range(3):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name LIKE 'octollm-orchestrator%' AND datname = current_database()"
                )
                seen.acknowledged.add(await client.surely_submit("g", key=str(number)))
        for task_id in seen.acknowledged:
            seen.ended[task_id] = (await client.ended(task_id, seconds=30)).status
        await client.close()
        await holder.stop()
    check_history(database_url, seen)
