"""Orchestrators frozen past their lease: the late write is fenced, the task is done once."""

import asyncio
import signal
from pathlib import Path

from octollm.orchestrator.v1 import tasks_pb2

from tests.fault.history import Seen, check_history
from tests.fault.processes import Client, arms, orchestrator, running
from tests.orchestrator.house import eventually


async def test_the_late_write_of_a_frozen_orchestrator_is_fenced(root: Path, database_url: str) -> None:
    frozen = orchestrator(root, database_url, name="o1", lease_seconds=1.0, heartbeat_seconds=0.3)
    other = orchestrator(root, database_url, name="o2", lease_seconds=1.0, heartbeat_seconds=0.3)
    log = root / "calls"
    seen = Seen()
    async with running(arms(root, reflex=True, steps=2, delay=0.8, log=log), frozen):
        client = Client(root, "o1", "o2")
        seen.acknowledged |= {(await client.submit("g", turn=0)).task_id for _ in range(5)}
        await eventually(lambda: log.exists() and log.read_text().count("begin") == 5)
        async with running(other):
            frozen.signal(signal.SIGSTOP)
            second = Client(root, "o2")
            for task_id in seen.acknowledged:
                task = await second.ended(task_id)
                seen.ended[task_id] = task.status
            frozen.signal(signal.SIGCONT)
            await asyncio.sleep(1.5)  # what it still wants to write, it writes now
            check_history(database_url, seen)
            done = await client.submit("it works on", turn=0)
            assert (await second.ended(done.task_id)).status == tasks_pb2.TASK_STATUS_COMPLETED
            await second.close()
        await client.close()


async def test_a_task_longer_than_ten_leases_runs_once(root: Path, database_url: str) -> None:
    log = root / "calls"
    holder = orchestrator(root, database_url, lease_seconds=0.5, heartbeat_seconds=0.1, sweep_seconds=0.05)
    async with running(arms(root, reflex=True, delay=6.0, log=log), holder):
        client = Client(root, "o1")
        task = await client.submit("long")
        done = await client.ended(task.task_id)
        assert done.status == tasks_pb2.TASK_STATUS_COMPLETED
        calls = [line.rpartition(" ")[0] for line in log.read_text().splitlines()]
        assert calls == [f"begin {task.task_id} s0 1", f"end {task.task_id} s0 1"]
        await client.close()


async def test_sigterm_hands_over_and_leaves_with_zero(root: Path, database_url: str) -> None:
    log = root / "calls"
    leaving = orchestrator(root, database_url, name="o1", lease_seconds=600, drain_seconds=0.5)
    staying = orchestrator(root, database_url, name="o2", lease_seconds=600)
    seen = Seen()
    async with running(arms(root, reflex=True, steps=2, delay=3.0, log=log), leaving):
        client = Client(root, "o1", "o2")
        seen.acknowledged |= {(await client.submit("g", turn=0)).task_id for _ in range(3)}
        await eventually(lambda: log.exists() and log.read_text().count("begin") == 3)
        async with running(staying):
            assert await leaving.stop() == 0
            for task_id in seen.acknowledged:
                seen.ended[task_id] = (await client.ended(task_id)).status
        await client.close()
    check_history(database_url, seen)


async def test_sigterm_loses_no_wake_up(root: Path, database_url: str) -> None:
    """The only place is taken, so wake-ups wait in the leaving process; its successor gets them at once."""
    log = root / "calls"
    leaving = orchestrator(root, database_url, name="o1", concurrent_tasks=1, drain_seconds=0.2)
    staying = orchestrator(root, database_url, name="o2", sweep={"lost_wakeup": 600.0, "dead_worker": 600.0})
    seen = Seen()
    async with running(arms(root, reflex=True, delay=1.0, log=log), leaving):
        client = Client(root, "o1")
        for number in range(10):
            seen.acknowledged.add(await client.surely_submit("g", key=str(number)))
        await eventually(lambda: log.exists() and "begin" in log.read_text())
        assert await leaving.stop() == 0
        async with running(staying):
            successor = Client(root, "o2")
            for task_id in seen.acknowledged:
                seen.ended[task_id] = (await successor.ended(task_id)).status
            await successor.close()
        await client.close()
    check_history(database_url, seen)
