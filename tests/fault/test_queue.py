"""Many queued tasks: taken up again at once after a kill, and one tenant's crowd does not starve another."""

import asyncio
import time
from pathlib import Path

import psutil
import psycopg
from octollm.orchestrator.v1 import tasks_pb2

from orchestrator.wakeups import BOOST_SECONDS
from tests.fault.processes import Client, arms, orchestrator, running
from tests.orchestrator.house import eventually

QUEUED = 10_000

CROWD = """
WITH t AS (
    INSERT INTO orchestrator.tasks (task_id, tenant, subject, status, priority, phase, max_seconds,
        last_sequence, spec, created_at)
    SELECT 'task_' || lpad(n::text, 16, '0'), 'crowd', 's', 1, 2, 1, 60, 1, '{"goal": "g"}',
        clock_timestamp() - interval '10 s'
    FROM generate_series(1, %(count)s) AS n RETURNING *
), event AS (
    INSERT INTO orchestrator.task_events (task_id, sequence, type) SELECT task_id, 1, 1 FROM t
)
INSERT INTO orchestrator_jobs.procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)
SELECT 'tasks', 'drive', 1767225600 - extract(epoch FROM created_at)::int - row_number() OVER (),
    task_id, jsonb_build_object('task_id', task_id) FROM t"""


async def test_ten_thousand_queued_and_a_newcomer(root: Path, database_url: str) -> None:
    holder = orchestrator(root, database_url, concurrent_tasks=8)
    async with running(arms(root, reflex=True, delay=0.05), holder):
        client = Client(root, "o1")
        await client.ended((await client.submit("warm")).task_id)
        await holder.kill()
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(CROWD, {"count": QUEUED})
        began = time.monotonic()
        await holder.start()
        newcomer = await client.submit("not of the crowd")
        done = await client.ended(newcomer.task_id, seconds=30)
        waited = time.monotonic() - began
        assert done.status == tasks_pb2.TASK_STATUS_COMPLETED
        with psycopg.connect(database_url) as connection:
            row = connection.execute(
                "SELECT count(*) FROM orchestrator.tasks WHERE tenant = 'crowd' AND status = 1"
            ).fetchone()
        assert row is not None
        assert row[0] > QUEUED / 2, "the newcomer did not wait for the crowd"
        memory = psutil.Process(holder.pid).memory_info().rss / 2**20
        print(f"newcomer done {waited:.1f} s after the start, {memory:.0f} MiB")  # noqa: T201  # measured
        assert memory < 400
        await client.close()


async def test_priorities_go_first_and_age(root: Path, database_url: str) -> None:
    log = root / "calls"
    workers = arms(root, reflex=True, delay=0.3, log=log)
    async with running(workers, orchestrator(root, database_url, concurrent_tasks=1)):
        client = Client(root, "o1")
        await client.submit("occupies the only place")
        await eventually(lambda: log.exists() and "begin" in log.read_text())
        # Wake-ups that the dispatcher holds already are taken in their order: let them be somebody else's.
        for number in range(6):
            await client.submit(f"crowd {number}")
        low = await client.submit("low", priority=tasks_pb2.PRIORITY_LOW)
        medium = await client.submit("medium")
        high = await client.submit("high", priority=tasks_pb2.PRIORITY_HIGH)
        aged = await client.submit("aged", priority=tasks_pb2.PRIORITY_LOW)
        with psycopg.connect(database_url, autocommit=True) as connection:
            age = max(BOOST_SECONDS.values())
            connection.execute(
                "UPDATE orchestrator_jobs.procrastinate_jobs SET priority = priority + %s "
                "WHERE queueing_lock = %s",
                (age, aged.task_id),
            )
        await asyncio.gather(*(client.ended(t.task_id, seconds=60) for t in (low, medium, high, aged)))
        began = [line.split()[1] for line in log.read_text().splitlines() if line.startswith("begin")]
        order = [began.index(t.task_id) for t in (aged, high, medium, low)]
        assert order[0] < order[3], began
        assert order[1] < order[2] < order[3], began
        await client.close()


async def test_fifty_equal_submits_make_one_task(root: Path, database_url: str) -> None:
    """At two orchestrators at once, under one key."""
    holders = [orchestrator(root, database_url, name=name) for name in ("o1", "o2")]
    async with running(arms(root, reflex=True), *holders):
        client = Client(root, "o1", "o2")
        tasks = await asyncio.gather(*(client.submit("same", key="k", turn=turn) for turn in range(50)))
        assert len({task.task_id for task in tasks}) == 1
        await client.ended(tasks[0].task_id)
        await client.close()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM orchestrator.tasks").fetchone() == (1,)
