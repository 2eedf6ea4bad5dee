"""kill -9 on orchestrators at the worst moments: what was acknowledged ends, once, and is paid once."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from octollm.orchestrator.v1 import tasks_pb2

from servicekit.errors import OctoError
from tests.fault.history import Seen, check_history
from tests.fault.processes import Child, Client, arms, orchestrator, running
from tests.fault.proxy import Proxy, Strike
from tests.fault.watching import watched


async def submit_many(client: Client, seen: Seen, numbers: range) -> None:
    async def one(number: int) -> None:
        seen.acknowledged.add(await client.surely_submit(f"goal {number}", key=f"key-{number}"))

    await asyncio.gather(*map(one, numbers))


async def all_end(client: Client, seen: Seen) -> None:
    tasks = await asyncio.gather(*(client.ended(task_id, seconds=120) for task_id in seen.acknowledged))
    seen.ended |= {task.task_id: task.status for task in tasks}


def grew(log: Path, word: str) -> Callable[[], bool]:
    """Tell whether the arms' log has got a new line that begins with `word`."""

    def count() -> int:
        return log.read_text().count(f"{word} ") if log.exists() else 0

    before = count()
    return lambda: count() > before


async def moment(kind: str, log: Path, dice: random.Random) -> None:
    """Wait for the moment to kill: in an arm's call, when it just answered, or any."""
    if kind == "any":
        await asyncio.sleep(dice.uniform(0.0, 1.0))
        return
    came = grew(log, kind)
    async with asyncio.timeout(20):
        while not came():  # noqa: ASYNC110  # a log file has no event
            await asyncio.sleep(0.001)
    await asyncio.sleep(dice.choice([0.0, 0.001, 0.003, 0.01]))


async def test_one_orchestrator_killed_and_started_again(
    root: Path, database_url: str, dice: random.Random
) -> None:
    log = root / "calls"
    holder = orchestrator(root, database_url)
    seen = Seen()
    async with running(arms(root, reflex=True, steps=3, delay=0.02, log=log), holder):
        client = Client(root, "o1")
        watching = asyncio.create_task(watched(client, seen))
        submitting: list[asyncio.Task[None]] = []
        for first in (0, 10):  # new ones each time, or those before may all have ended
            submitting.append(asyncio.create_task(submit_many(client, seen, range(first, first + 10))))
            await moment(dice.choice(["begin", "end", "any"]), log, dice)
            await holder.kill()
            await holder.start()
        await asyncio.gather(*submitting)
        await all_end(client, seen)
        watching.cancel()
        await client.close()
        await holder.stop()
    check_history(database_url, seen)


WRITES = {
    "lease": b"SET\n        status = 2, phase = greatest",
    "plan": b"INSERT INTO orchestrator.steps",
    "step": b"step_0 AS (\n    UPDATE orchestrator.steps AS s SET state = 3",
    "end": b"status = 3, lease_owner = NULL",
}
"""Texts by which the proxy knows a write: the lease, the plan and its first step, a result, the end."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "write", ["step", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("lease", "plan", "end"))]
)
async def test_killed_around_a_commit(write: str, after: bool, root: Path, database_url: str) -> None:
    """The orchestrator dies when a write is on its way, and when it is done but not yet heard of."""
    seen = Seen()
    async with Proxy.in_front_of(database_url, root) as proxy:
        holder = orchestrator(root, proxy.url)
        async with running(arms(root, reflex=True, steps=2), holder):
            client = Client(root, "o1")
            proxy.strike_at(Strike(text=WRITES[write], after=after, act=holder.kill))
            seen.acknowledged.add(await client.surely_submit("g", key="k"))
            async with asyncio.timeout(20):
                await proxy.struck.wait()
            await holder.start()
            await all_end(client, seen)
            await client.close()
            await holder.stop()
    check_history(database_url, seen)


@pytest.mark.thorough
async def test_a_poison_task_is_given_up_and_its_neighbour_is_done(root: Path, database_url: str) -> None:
    """A task that kills every orchestrator that runs it; the one beside it dies with it, and is done."""
    log = root / "calls"
    holder = orchestrator(
        root, database_url, drive={"lost_leases": 2}, lease_seconds=1.0, heartbeat_seconds=0.3
    )
    seen = Seen()
    async with running(arms(root, reflex=True, delay=0.5, log=log), holder):
        client = Client(root, "o1")
        poison = await client.surely_submit("poison", key="poison")
        seen.acknowledged.add(poison)
        for _ in range(3):
            begun = grew(log, f"begin {poison}")
            async with asyncio.timeout(30):
                while not begun():  # noqa: ASYNC110  # a log file has no event
                    await asyncio.sleep(0.005)
            await holder.kill()
            await holder.start()
        neighbour = await client.surely_submit("harmless", key="harmless")
        seen.acknowledged.add(neighbour)
        await all_end(client, seen)
        given_up = await client.ended(poison)
        await client.close()
        await holder.stop()
    assert seen.ended[neighbour] == tasks_pb2.TASK_STATUS_COMPLETED
    assert given_up.error.type == tasks_pb2.ERROR_TYPE_INTERNAL
    assert "given up" in given_up.error.message
    assert log.read_text().count(f"begin {poison}") == 3
    check_history(database_url, seen, completed=False)


async def test_killed_right_after_the_acknowledgement(root: Path, database_url: str) -> None:
    holder = orchestrator(root, database_url)
    seen = Seen()
    async with running(arms(root, reflex=True), holder):
        client = Client(root, "o1")
        for number in range(5):
            seen.acknowledged.add(await client.surely_submit("g", key=str(number)))
            await holder.kill()
            await holder.start()
        await all_end(client, seen)
        await client.close()
    check_history(database_url, seen)


async def test_two_of_three_orchestrators_killed(root: Path, database_url: str, dice: random.Random) -> None:
    holders = [orchestrator(root, database_url, name=f"o{n}") for n in (1, 2, 3)]
    registry = ",".join(f"{holder.name}/orchestrator" for holder in holders)
    seen = Seen()
    async with running(arms(root, reflex=True, steps=3, delay=0.05, registry=registry), *holders):
        client = Client(root, *(holder.name for holder in holders))
        submitting = asyncio.create_task(submit_spread(client, seen, 200))
        victims: list[Child] = dice.sample(holders, 2)
        for victim in victims:
            await asyncio.sleep(dice.uniform(0.2, 1.5))
            await victim.kill()
        await submitting
        await all_end(client, seen)
        await client.close()
    assert len(seen.ended) == 200
    check_history(database_url, seen)


async def submit_spread(client: Client, seen: Seen, count: int) -> None:
    """Submit to all orchestrators in turn; a refused submit is tried at the next."""

    async def one(number: int) -> None:
        turn = number
        while True:
            try:
                task = await client.submit(f"goal {number}", key=f"key-{number}", turn=turn)
            except OctoError:
                turn += 1
                await asyncio.sleep(0.05)
            else:
                seen.acknowledged.add(task.task_id)
                return

    for first in range(0, count, 20):
        await asyncio.gather(*(one(number) for number in range(first, first + 20)))
