"""kill -9 on orchestrators at the worst moments: what was acknowledged ends, once, and is paid once."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from servicekit.errors import OctoError
from tests.fault.history import Seen, check_history
from tests.fault.processes import Child, Client, arms, orchestrator, running
from tests.fault.watching import watched


async def submit_many(client: Client, seen: Seen, count: int) -> None:
    async def one(number: int) -> None:
        seen.acknowledged.add(await client.surely_submit(f"goal {number}", key=f"key-{number}"))

    await asyncio.gather(*(one(number) for number in range(count)))


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


@pytest.mark.parametrize("kind", ["begin", "end", "any"])
async def test_one_orchestrator_killed_and_started_again(
    kind: str, root: Path, database_url: str, dice: random.Random
) -> None:
    log = root / "calls"
    holder = orchestrator(root, database_url)
    seen = Seen()
    async with running(arms(root, reflex=True, steps=3, delay=0.02, log=log), holder):
        client = Client(root, "o1")
        watching = asyncio.create_task(watched(client, seen))
        submitting = asyncio.create_task(submit_many(client, seen, 20))
        for _ in range(2):
            await moment(kind, log, dice)
            await holder.kill()
            await holder.start()
        await submitting
        await all_end(client, seen)
        watching.cancel()
        await client.close()
        await holder.stop()
    check_history(database_url, seen)


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
