"""Arms that hang, crash or talk garbage: left at the deadline, given the step again, told as what it is."""

import signal
import time
from pathlib import Path

import psutil
import pytest
from octollm.orchestrator.v1 import tasks_pb2

from tests.fault.history import Seen, check_history
from tests.fault.processes import Client, arms, orchestrator, running
from tests.orchestrator.house import eventually

CLOSED = {tasks_pb2.ERROR_TYPE_INTERNAL, tasks_pb2.ERROR_TYPE_ARM_UNAVAILABLE, tasks_pb2.ERROR_TYPE_TIMEOUT}


async def test_a_hung_arm_is_left_at_the_deadline(root: Path, database_url: str) -> None:
    log = root / "calls"
    workers = arms(root, reflex=True, delay=30, log=log)
    holder = orchestrator(root, database_url, drive={"step_seconds": 2.0})
    async with running(workers, holder):
        client = Client(root, "o1")
        task = await client.submit("g")
        await eventually(lambda: log.exists() and "begin" in log.read_text())
        began = time.monotonic()
        workers.signal(signal.SIGSTOP)
        done = await client.ended(task.task_id)
        took = time.monotonic() - began
        assert done.error.type == tasks_pb2.ERROR_TYPE_TIMEOUT
        assert took < 6, "2 s and a busy machine"
        await client.close()


async def test_an_arm_that_crashes_and_comes_back_gets_the_step_again(root: Path, database_url: str) -> None:
    log = root / "calls"
    workers = arms(root, steps=2, delay=1.0, log=log)
    reflex = arms(root, reflex=True, name="other", registry="nobody")
    async with running(reflex, workers, orchestrator(root, database_url)):
        client = Client(root, "o1")
        task = await client.submit("g")
        await eventually(lambda: log.exists() and "begin" in log.read_text())
        await workers.kill()
        (root / "arms.sock").unlink()
        await workers.start()
        done = await client.ended(task.task_id)
        assert done.status == tasks_pb2.TASK_STATUS_COMPLETED, done.error
        ends = [line for line in log.read_text().splitlines() if line.startswith("end")]
        assert [line.split()[2] for line in ends] == ["s0", "s1"]
        await client.close()


@pytest.mark.thorough  # the short set has it in one process: tests/orchestrator/test_garbage.py
@pytest.mark.parametrize("answer", ["garbage", "huge"])
async def test_garbage_ends_one_task_and_nothing_else(answer: str, root: Path, database_url: str) -> None:
    holder = orchestrator(root, database_url)
    seen = Seen()
    async with running(arms(root, reflex=True, answer=answer), holder):
        client = Client(root, "o1")
        before = psutil.Process(holder.pid).memory_info().rss
        for number in range(6):  # more than a breaker needs to open
            budget = tasks_pb2.Budget(max_time_seconds=3)
            task = await client.ended(await client.surely_submit("g", key=str(number), budget=budget))
            seen.acknowledged.add(task.task_id)
            seen.ended[task.task_id] = task.status
            assert task.error.type in CLOSED, task.error
            assert "\x00" not in task.error.message
        grown = (psutil.Process(holder.pid).memory_info().rss - before) / 2**20
        assert grown < 100, "MiB"
        assert await client.ready()
        await client.close()
        await holder.stop()
    check_history(database_url, seen, completed=False)


@pytest.mark.thorough
async def test_one_hung_arm_leaves_the_others_their_speed(root: Path, database_url: str) -> None:
    """An instance that is frozen holds the calls it has until it counts as silent; then it is left out."""
    good = arms(root, reflex=True, name="good")
    hung = arms(root, name="hung")
    async with running(good, hung, orchestrator(root, database_url, arm_silence_seconds=3.0)):
        client = Client(root, "o1")
        await client.ended(await client.surely_submit("warm", key="warm"))
        hung.signal(signal.SIGSTOP)
        took: list[float] = []
        for number in range(20):
            began = time.monotonic()
            done = await client.ended(await client.surely_submit("g", key=str(number)))
            if done.status == tasks_pb2.TASK_STATUS_COMPLETED:
                took.append(time.monotonic() - began)
        took.sort()
        print(f"{len(took)} of 20 done, median {took[len(took) // 2]:.3f} s")  # noqa: T201  # measured
        assert len(took) >= 10
        assert took[len(took) // 2] < 2
        await client.close()
