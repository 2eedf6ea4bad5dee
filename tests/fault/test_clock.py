"""Orchestrators whose clocks are an hour off: leases go by the database's clock, so nothing expires early."""

import asyncio
from pathlib import Path

import libfaketime
from octollm.orchestrator.v1 import tasks_pb2

from tests.fault.history import Seen, check_history
from tests.fault.processes import Child, Client, arms, orchestrator, running

LIBRARY = Path(libfaketime.__file__).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"


def off_by(root: Path, database_url: str, *, name: str, offset: str) -> Child:
    """An orchestrator with another time of day; durations stay right, as after a wrong setting."""
    holder = orchestrator(root, database_url, name=name)
    holder.env |= {"LD_PRELOAD": str(LIBRARY), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return holder


async def test_clocks_that_are_an_hour_off_change_nothing(root: Path, database_url: str) -> None:
    log = root / "calls"
    early = off_by(root, database_url, name="o1", offset="-1h")
    late = off_by(root, database_url, name="o2", offset="+1h")
    seen = Seen()
    workers = arms(root, reflex=True, steps=2, delay=2.5, log=log, registry="o1/orchestrator,o2/orchestrator")
    async with running(workers, early, late):
        client = Client(root, "o1", "o2")
        for number in range(10):
            seen.acknowledged.add(await client.surely_submit("g", key=str(number)))
        tasks = await asyncio.gather(*(client.ended(task_id) for task_id in seen.acknowledged))
        seen.ended |= {task.task_id: task.status for task in tasks}
        await client.close()
    check_history(database_url, seen)
    assert {task.status for task in tasks} == {tasks_pb2.TASK_STATUS_COMPLETED}
    begun = [line for line in log.read_text().splitlines() if line.startswith("begin")]
    assert len(begun) == 20, "longer than its lease, and yet no step ran twice"


async def test_a_deadline_is_kept_by_a_wrong_clock(root: Path, database_url: str) -> None:
    holder = off_by(root, database_url, name="o1", offset="+1h")
    async with running(arms(root, reflex=True, delay=30), holder):
        client = Client(root, "o1")
        budget = tasks_pb2.Budget(max_time_seconds=2)
        task = await client.ended(await client.surely_submit("g", key="k", budget=budget))
        assert task.error.type == tasks_pb2.ERROR_TYPE_TIMEOUT
        assert 1.9 < task.metadata.duration_seconds < 10
        await client.close()
