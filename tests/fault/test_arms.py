"""Arms that hang and arms that crash: left at the deadline, given the step again."""

import signal
import time
from pathlib import Path

from octollm.orchestrator.v1 import tasks_pb2

from tests.fault.processes import Client, arms, orchestrator, running
from tests.orchestrator.house import eventually


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
