"""The event stream: order, resuming, heartbeats, its end, and who leaves in the middle."""

import asyncio
from typing import Any

import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse
from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.schemas.steps import TaskEvent
from tests.gateway.conftest import Gateway, Starter
from tests.gateway.fakes import Tasks

QUEUED, STARTED = pb.TASK_EVENT_TYPE_TASK_QUEUED, pb.TASK_EVENT_TYPE_TASK_STARTED
PROGRESS, COMPLETED = pb.TASK_EVENT_TYPE_STEP_PROGRESS, pb.TASK_EVENT_TYPE_TASK_COMPLETED


async def collect(api: httpx.AsyncClient, task_id: str, **headers: str) -> list[ServerSentEvent]:
    async with aconnect_sse(api, "GET", f"/tasks/{task_id}/events", headers=headers) as source:
        return [event async for event in source.aiter_sse()]


async def test_the_whole_story_in_order(gateway: Gateway, api: httpx.AsyncClient) -> None:
    tasks = gateway.fakes.tasks
    task = tasks.add()
    await tasks.tell(QUEUED, STARTED, task_id=task.task_id)
    collecting = asyncio.create_task(collect(api, task.task_id))
    async with asyncio.timeout(10):
        await tasks.watched.wait()
    await tasks.tell(PROGRESS, COMPLETED, task_id=task.task_id)
    events = await collecting
    assert [event.event for event in events] == [
        "task.queued",
        "task.started",
        "step.progress",
        "task.completed",
    ]
    assert [event.id for event in events] == ["1", "2", "3", "4"]
    told: dict[str, Any] = events[0].json()
    assert TaskEvent.model_validate(told)
    assert told["data"] == {"n": 2**53 + 1}


async def test_it_resumes_after_the_last_event_id(gateway: Gateway, api: httpx.AsyncClient) -> None:
    tasks = gateway.fakes.tasks
    task = tasks.add()
    await tasks.tell(QUEUED, STARTED, COMPLETED, task_id=task.task_id)
    assert [event.id for event in await collect(api, task.task_id, **{"Last-Event-ID": "2"})] == ["3"]


async def test_nothing_left_to_tell_is_a_204(gateway: Gateway, api: httpx.AsyncClient) -> None:
    tasks = gateway.fakes.tasks
    task = tasks.add(status=pb.TASK_STATUS_COMPLETED)
    await tasks.tell(QUEUED, COMPLETED, task_id=task.task_id)
    answer = await api.get(f"/tasks/{task.task_id}/events", headers={"Last-Event-ID": "2"})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("sent", ["x", "-1", "1.5", "9" * 19, "\u0661"])
async def test_malformed_last_event_ids(gateway: Gateway, api: httpx.AsyncClient, sent: str) -> None:
    task = gateway.fakes.tasks.add()
    answer = await api.get(f"/tasks/{task.task_id}/events", headers={b"Last-Event-ID": sent.encode()})
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (400, "Last-Event-ID")


async def test_an_unknown_task_is_a_404_not_a_broken_stream(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"/tasks/task_{'z' * 16}/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_heartbeats_while_nothing_happens(start: Starter) -> None:
    async with start(stream_heartbeat_seconds=0.05) as gateway, gateway.client() as api:
        task = gateway.fakes.tasks.add()
        async with api.stream("GET", f"/tasks/{task.task_id}/events") as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            lines = answer.aiter_lines()
            seen = [await anext(lines) for _ in range(4)]
    assert seen == [": still here", "", ": still here", ""]


async def test_a_client_that_leaves_ends_the_call_behind(gateway: Gateway, api: httpx.AsyncClient) -> None:
    tasks: Tasks = gateway.fakes.tasks
    task = tasks.add()
    await tasks.tell(QUEUED, task_id=task.task_id)
    async with api.stream("GET", f"/tasks/{task.task_id}/events") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("id: 1"):
                break
        assert tasks.watching == 1
    async with asyncio.timeout(5):
        await tasks.trouble.cancelled.wait()
    assert tasks.watching == 0


async def test_a_drain_ends_streams_at_once(gateway: Gateway, api: httpx.AsyncClient) -> None:
    tasks = gateway.fakes.tasks
    task = tasks.add()
    await tasks.tell(QUEUED, task_id=task.task_id)
    async with asyncio.timeout(10), aconnect_sse(api, "GET", f"/tasks/{task.task_id}/events") as source:
        events = source.aiter_sse()
        assert (await anext(events)).id == "1"
        await gateway.running.drain(5)
        assert not any([event.data async for event in events])
