"""How fast the orchestrator is, beside DBOS on the same PostgreSQL: `python -m bench.orchestrator`.

Real processes: PostgreSQL with fsync on, one orchestrator, one process of no-op arms with a no-op reflex, all
over gRPC. The peer needs `dbos` (dependency group `bench`); --peer-python names an interpreter that has it.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
from octollm.orchestrator.v1 import tasks_pb2

from bench.disk import sync_times
from cli.embedded.postgres import embedded_postgres
from cli.embedded.unprivileged import temporary_data_dir
from tests.fault.processes import Child, Client, arms, orchestrator, running

RESULTS = Path(__file__).parent / "RESULTS-orchestrator.md"

PARTS = ("latency", "rate", "lists", "restart")

MILLION = """
INSERT INTO orchestrator.tasks (task_id, tenant, subject, status, priority, phase, max_seconds, spec,
    last_sequence, created_at, updated_at, finished_at)
SELECT 'task_' || lpad(n::text, 16, '0'), 'default', 's',
    CASE WHEN n %% 20 = 0 THEN 4 WHEN n %% 33 = 0 THEN 5 ELSE 3 END, 1 + n %% 4, 5, 60,
    jsonb_build_object('goal', 'goal number ' || n), 3, at, at + interval '2 s', at + interval '2 s'
FROM (SELECT n, now() - n * interval '2 s' AS at FROM generate_series(1, %(rows)s) AS n) AS rows"""

QUEUED = """
WITH t AS (
    INSERT INTO orchestrator.tasks (task_id, tenant, subject, status, priority, phase, max_seconds,
        last_sequence, spec)
    SELECT 'task_q' || lpad(n::text, 15, '0'), 'default', 's', 1, 2, 1, 60, 1, '{"goal": "g"}'
    FROM generate_series(1, %(rows)s) AS n RETURNING *
), event AS (
    INSERT INTO orchestrator.task_events (task_id, sequence, type) SELECT task_id, 1, 1 FROM t
)
INSERT INTO orchestrator_jobs.procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)
SELECT 'tasks', 'drive', 0, task_id, jsonb_build_object('task_id', task_id) FROM t"""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One measurement: what, how much, in which unit, and the number to reach."""

    what: str
    value: float
    unit: str
    goal: str = ""

    def __str__(self) -> str:
        return f"| {self.what} | {self.value:.1f} {self.unit} | {self.goal} |"


@dataclass(frozen=True, kw_only=True)
class Stand:
    """What is measured: the database, the orchestrator, its arms and a client."""

    root: Path
    url: str
    holder: Child
    client: Client


@contextlib.asynccontextmanager
async def stand(root: Path, url: str, *, steps: int) -> AsyncIterator[Stand]:
    holder = orchestrator(root, url, lease_seconds=10, heartbeat_seconds=3, sweep_seconds=1)
    async with running(arms(root, reflex=True, steps=steps), holder):
        client = Client(root, "o1")
        for number in range(20):
            await client.ended(await client.surely_submit("warm", key=f"warm-{number}"))
        try:
            yield Stand(root=root, url=url, holder=holder, client=client)
        finally:
            await client.close()


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds that a call takes."""
    began = time.perf_counter()
    await call()
    return (time.perf_counter() - began) * 1000


async def at_rate(call: Callable[[], Awaitable[object]], *, per_second: float, count: int) -> list[float]:
    """Latencies of calls that begin at a steady rate, whether or not earlier ones are done."""
    began = time.perf_counter()
    calls: list[asyncio.Task[float]] = []
    for number in range(count):
        await asyncio.sleep(max(began + number / per_second - time.perf_counter(), 0))
        calls.append(asyncio.create_task(timed(call)))
    return list(await asyncio.gather(*calls))


async def latencies(at: Stand, *, count: int) -> list[Line]:
    ids: list[str] = []

    async def submit() -> None:
        ids.append((await at.client.submit("measured")).task_id)

    # PostgreSQL's processes plan each statement for the first time, one process after the other.
    cold = await at_rate(submit, per_second=50, count=count // 2)
    ids.clear()
    taken = await at_rate(submit, per_second=50, count=count)
    for task_id in ids:
        await at.client.ended(task_id)
    with psycopg.connect(at.url) as connection:
        rows = connection.execute(
            "SELECT extract(epoch FROM s.started_at - t.created_at)::float8 * 1000 FROM orchestrator.steps s "
            "JOIN orchestrator.tasks t USING (task_id) WHERE s.position = 0 AND t.task_id = ANY(%s)",
            (ids,),
        ).fetchall()
    waited = [row[0] for row in rows]
    return [
        Line(
            what="submit at 50/s, the first seconds of a new installation, p95",
            value=quantile(cold, 0.95),
            unit="ms",
        ),
        Line(what="submit at 50/s, p50", value=quantile(taken, 0.5), unit="ms"),
        Line(what="submit at 50/s, p95", value=quantile(taken, 0.95), unit="ms", goal="<= 15"),
        Line(what="queue to first step, p50", value=quantile(waited, 0.5), unit="ms", goal="<= 25"),
        Line(what="queue to first step, p95", value=quantile(waited, 0.95), unit="ms"),
    ]


def disk(root: Path) -> list[Line]:
    taken = sync_times(root)
    return [
        Line(
            what=f"the disk alone: a page made durable, p{share}",
            value=quantile(taken, share / 100),
            unit="ms",
        )
        for share in (50, 95)
    ]


async def throughput(at: Stand, *, count: int) -> float:
    """Tasks a second from the first submit to the last end, submitted as fast as they are taken."""
    ids: list[str] = []

    async def submit() -> None:
        for _ in range(count // 10):
            ids.append((await at.client.submit("measured")).task_id)  # noqa: PERF401  # one after the other

    began = time.perf_counter()
    await asyncio.gather(*(submit() for _ in range(10)))
    await asyncio.gather(*(at.client.ended(task_id, seconds=300) for task_id in ids))
    return count / (time.perf_counter() - began)


async def lists(at: Stand, *, rows: int, count: int) -> list[Line]:
    with psycopg.connect(at.url, autocommit=True) as connection:
        connection.execute(MILLION, {"rows": rows})
        connection.execute("VACUUM ANALYZE orchestrator.tasks")
    await asyncio.sleep(3)  # the counters are folded
    failed = [tasks_pb2.TASK_STATUS_FAILED]
    several = [tasks_pb2.TASK_STATUS_FAILED, tasks_pb2.TASK_STATUS_CANCELLED]
    cases = [
        ("page 1", tasks_pb2.ListTasksRequest(), "<= 20"),
        ("page 1000", tasks_pb2.ListTasksRequest(page=1000), "<= 60"),
        ("last page", tasks_pb2.ListTasksRequest(page=rows // 50), ""),
        ("page 1, failed", tasks_pb2.ListTasksRequest(statuses=failed), "<= 20"),
        ("page 500, failed", tasks_pb2.ListTasksRequest(statuses=failed, page=500), "<= 60"),
        ("page 500, failed or cancelled", tasks_pb2.ListTasksRequest(statuses=several, page=500), ""),
        (
            "page 1000, by updated_at",
            tasks_pb2.ListTasksRequest(page=1000, sort_by=tasks_pb2.TASK_SORT_UPDATED_AT),
            "",
        ),
        (
            "page 1000, by priority",
            tasks_pb2.ListTasksRequest(page=1000, sort_by=tasks_pb2.TASK_SORT_PRIORITY),
            "",
        ),
    ]
    lines: list[Line] = []
    for name, request, goal in cases:
        taken = [await timed(lambda r=request: at.client.stubs[0].ListTasks(r)) for _ in range(count)]
        lines.append(
            Line(what=f"list of {rows:,}, {name}, p95", value=quantile(taken, 0.95), unit="ms", goal=goal)
        )
    return lines


async def restart(at: Stand, *, rows: int) -> list[Line]:
    await at.holder.kill()
    with psycopg.connect(at.url, autocommit=True) as connection:
        connection.execute(QUEUED, {"rows": rows})
        began = time.perf_counter()
        await at.holder.start()
        ready = time.perf_counter() - began
        first = "SELECT count(*) FROM orchestrator.tasks WHERE task_id LIKE 'task_q%%' AND status = 3"
        while not (connection.execute(first).fetchone() or (0,))[0]:  # noqa: ASYNC110  # a row has no event
            await asyncio.sleep(0.05)
        done = time.perf_counter() - began
    memory = psutil.Process(at.holder.pid).memory_info().rss / 2**20
    return [
        Line(what=f"restart with {rows:,} queued: serving after", value=ready, unit="s", goal="<= 10"),
        Line(what=f"restart with {rows:,} queued: first of them done after", value=done, unit="s"),
        Line(what=f"restart with {rows:,} queued: memory", value=memory, unit="MiB", goal="flat"),
    ]


async def peer(url: str, *, python: str, workflows: int, steps: int) -> float:
    """The peer's workflows a second."""
    program = Path(__file__).with_name("dbos_peer.py")
    process = await asyncio.create_subprocess_exec(
        python, program, url, str(workflows), str(steps), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return float(json.loads(output.splitlines()[-1])["workflows_per_second"])


@contextlib.asynccontextmanager
async def database() -> AsyncIterator[tuple[Path, str]]:
    """A fresh PostgreSQL with fsync on."""
    with temporary_data_dir(prefix="octo-") as path:
        log = path / "postgres.log"
        async with embedded_postgres(data_dir=path, log_file=log, environ=os.environ) as server:
            yield path, server.url


def processor_seconds(pid: int) -> float:
    """What a process has used so far."""
    used = psutil.Process(pid).cpu_times()
    return used.user + used.system


async def our_rate(*, steps: int, count: int) -> tuple[float, float]:
    """Tasks a second on a fresh database, and the orchestrator's milliseconds of processor time a task."""
    async with database() as (root, url), stand(root, url, steps=steps) as at:
        await throughput(at, count=50)
        before = processor_seconds(at.holder.pid)
        rate = await throughput(at, count=count)
        return rate, (processor_seconds(at.holder.pid) - before) * 1000 / count


async def their_rate(options: argparse.Namespace) -> float:
    async with database() as (_, url):
        return await peer(url, python=options.peer_python, workflows=options.tasks, steps=10)


async def rates(options: argparse.Namespace) -> list[Line]:
    """Tasks a second, and the peer's workflows a second, in turn, so that a busy machine is busy for both."""
    five: list[tuple[float, float]] = []
    ten: list[tuple[float, float]] = []
    theirs: list[float] = []
    for _ in range(options.rounds):
        ten.append(await our_rate(steps=10, count=options.tasks))
        theirs.append(await their_rate(options))
        five.append(await our_rate(steps=5, count=options.tasks))
    ours, peers = statistics.median(rate for rate, _ in ten), statistics.median(theirs)
    fives = statistics.median(rate for rate, _ in five)
    return [
        Line(what="five-step tasks", value=fives, unit="/s", goal=">= 60"),
        Line(
            what="five-step tasks, the orchestrator's processor time a task",
            value=statistics.median(spent for _, spent in five),
            unit="ms",
        ),
        Line(what="ten-step tasks", value=ours, unit="/s"),
        Line(what="DBOS: ten-step workflows, steps in process", value=peers, unit="/s"),
        Line(what="ten-step tasks against DBOS's workflows", value=ours / peers, unit="x", goal="> 1"),
        Line(what="steps a second in five-step tasks against DBOS", value=fives / peers / 2, unit="x"),
    ]


async def measure(options: argparse.Namespace) -> list[Line]:
    lines: list[Line] = []
    if "latency" in options.parts:
        async with database() as (root, url), stand(root, url, steps=1) as at:
            lines += disk(root)
            lines += await latencies(at, count=options.tasks)
    if "rate" in options.parts:
        lines += await rates(options)
    if {"lists", "restart"} & set(options.parts):
        async with database() as (root, url), stand(root, url, steps=1) as at:
            if "lists" in options.parts:
                lines += await lists(at, rows=options.rows, count=40)
            if "restart" in options.parts:
                lines += await restart(at, rows=10_000)
    return lines


def write(lines: Sequence[Line], *, whole: bool) -> None:
    """Print the table; keep it when nothing was left out."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    memory = psutil.virtual_memory().total / 2**30
    head = (
        "# Orchestrator, measured\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}, load average at the end {load}. "
        "PostgreSQL 18 with fsync on, one orchestrator, one process of no-op arms and a no-op reflex, all "
        "over gRPC on Unix sockets. The peer's steps are function calls in one process; ours are calls of "
        "other processes, each with a signed permission. Rates are medians of rounds in turn with "
        "the peer's. "
        "Made by `python -m bench.orchestrator`.\n\n"
        "| what | measured | goal |\n|---|---|---|\n"
    )
    text = head + "\n".join(map(str, lines)) + "\n"
    print(text)
    if whole:
        RESULTS.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="how often rates are measured")
    parser.add_argument("--parts", type=parts, default=PARTS, help=f"by comma: {', '.join(PARTS)}")
    parser.add_argument("--peer-python", default=sys.executable)
    options = parser.parse_args()
    write(asyncio.run(measure(options)), whole=set(options.parts) == set(PARTS))


def parts(text: str) -> tuple[str, ...]:
    """Names of sections, by comma."""
    names = tuple(text.split(","))
    if unknown := set(names) - set(PARTS):
        raise argparse.ArgumentTypeError(f"there is no part {min(unknown)}")
    return names


if __name__ == "__main__":
    main()
