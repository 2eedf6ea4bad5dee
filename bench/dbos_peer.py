"""The peer: the same shape of work on DBOS, in a process of its own with only `dbos` installed.

Usage: python bench/dbos_peer.py DATABASE_URL WORKFLOWS STEPS; prints one JSON object.
"""

import asyncio
import json
import sys
import time
from importlib import import_module
from typing import Any

DBOS: Any = import_module("dbos").DBOS  # only in the bench group, so its types are not known here


@DBOS.step()
async def step(number: int) -> int:
    return number + 1


@DBOS.workflow()
async def workflow(steps: int) -> int:
    number = 0
    for _ in range(steps):
        number = await step(number)
    return number


async def measure(workflows: int, steps: int) -> float:
    """Workflows a second, all started at once, at most 64 at a time as in our own run."""
    places = asyncio.Semaphore(64)

    async def one() -> None:
        async with places:
            handle = await DBOS.start_workflow_async(workflow, steps)
            assert await handle.get_result() == steps

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(workflows)))
    return workflows / (time.perf_counter() - began)


async def main() -> None:
    url, workflows, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    config = {"name": "peer", "system_database_url": url, "log_level": "ERROR"}
    DBOS(config=config)
    DBOS.launch()
    await measure(50, steps)  # warm, as ours is
    print(json.dumps({"workflows_per_second": await measure(workflows, steps)}))
    DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main())
