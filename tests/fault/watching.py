"""Watchers that remember every event they were sent, through every interruption."""

import asyncio
from collections import defaultdict

from octollm.orchestrator.v1 import tasks_pb2

from servicekit.errors import OctoError
from tests.fault.history import Seen
from tests.fault.processes import Client


async def watched(client: Client, seen: Seen) -> None:
    """Watch every acknowledged task, resuming where the last stream broke off, until cancelled."""
    last: defaultdict[str, int] = defaultdict(int)
    watching: dict[str, asyncio.Task[None]] = {}

    async def watch(task_id: str) -> None:
        turn = 0
        while True:
            request = tasks_pb2.WatchTaskRequest(task_id=task_id, after_sequence=last[task_id])
            try:
                async for response in client.stubs[turn % len(client.stubs)].WatchTask(request):  # pyright: ignore[reportGeneralTypeIssues]  # the stub forgets __aiter__
                    event = response.event
                    assert event.sequence == last[task_id] + 1, "a gap in the stream"
                    last[task_id] = event.sequence
                    seen.events[task_id, event.sequence] = event.type
            except OctoError:
                turn += 1
                await asyncio.sleep(0.05)
            else:
                return

    try:
        while True:
            for task_id in seen.acknowledged - set(watching):
                watching[task_id] = asyncio.create_task(watch(task_id))
            await asyncio.sleep(0.05)
    finally:
        for task in watching.values():
            task.cancel()
        await asyncio.gather(*watching.values(), return_exceptions=True)
