"""Equal tasks answered from the cache: only when asked for, only when equal, guarded as ever."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from octollm.arms.v1 import guardian_pb2
from octollm.orchestrator.v1 import tasks_pb2

from tests.orchestrator.house import House, Script, eventually, running_house, settings_for

COMPLETED = tasks_pb2.TASK_STATUS_COMPLETED


@pytest.fixture
async def caching(database_url: str, socket_dir: Path, surroundings: Script) -> AsyncGenerator[House]:
    settings = settings_for(database_url, socket_dir, result_cache_seconds=60)
    async with running_house(settings, surroundings) as running:
        yield running


async def kept(house: House, **spec: Any) -> tasks_pb2.Task:
    """A task that is done and whose result is in the cache: that happens after its last event."""
    done = await house.run("same", **spec)
    await eventually(lambda: bool(house.script.values))
    return done


async def test_an_equal_task_costs_nothing_and_is_guarded_again(caching: House) -> None:
    first = await kept(caching, acceptance_criteria=["c"])
    assert not first.metadata.cache_hit
    again = await caching.run("same", acceptance_criteria=["c"], labels={"other": "label"})
    assert again.metadata.cache_hit
    assert again.result == first.result
    assert (again.metadata.tokens_used, again.metadata.cost_micros) == (0, 0)
    assert len(caching.script.plans) == len(caching.script.executed) == len(caching.script.judged) == 1
    assert caching.script.reviewed.count(first.result.output) == 2
    types = [event.type for event in await caching.events(again.task_id)]
    assert types == [
        tasks_pb2.TASK_EVENT_TYPE_TASK_QUEUED,
        tasks_pb2.TASK_EVENT_TYPE_TASK_STARTED,
        tasks_pb2.TASK_EVENT_TYPE_TASK_COMPLETED,
    ]


OTHERS: list[dict[str, Any]] = [
    {"goal": "another"},
    {"constraints": ["short"]},
    {"acceptance_criteria": ["c"]},
    {"context_json": '{"a": 1}'},
    {"budget": tasks_pb2.Budget(max_tokens=500)},
    {"policy": tasks_pb2.Policy(pii=tasks_pb2.PII_POLICY_BLOCK)},
]


async def test_what_differs_is_done_anew(caching: House) -> None:
    await kept(caching)
    for other in OTHERS:
        done = await caching.run(**{"goal": "same", **other})
        assert done.status == COMPLETED, other
        assert not done.metadata.cache_hit, other
    assert (await caching.run("same")).metadata.cache_hit


async def test_another_version_of_an_arm_makes_other_results(caching: House) -> None:
    await kept(caching)
    await caching.register("worker", "fly", instance="worker-2")
    await caching.run("settles")
    assert not (await caching.run("same")).metadata.cache_hit


async def test_what_is_blocked_now_does_not_leave(caching: House) -> None:
    await kept(caching)
    caching.script.review = lambda text: (guardian_pb2.REVIEW_ACTION_BLOCK, text)
    assert (await caching.run("same")).error.type == tasks_pb2.ERROR_TYPE_BLOCKED


async def test_only_what_was_found_good_is_kept(caching: House) -> None:
    caching.script.judge = lambda request: ([False] * len(request.task.acceptance_criteria), "no")
    for _ in range(2):
        done = await caching.run("same", acceptance_criteria=["c"])
        assert not done.metadata.cache_hit
    assert not caching.script.values


async def test_garbage_in_the_cache_is_no_result(caching: House) -> None:
    await kept(caching)
    (key,) = caching.script.values
    caching.script.values[key] = '{"output": 7}'
    done = await caching.run("same")
    assert done.status == COMPLETED
    assert not done.metadata.cache_hit


async def test_it_is_off_unless_asked_for(house: House) -> None:
    await house.run("same")
    assert not (await house.run("same")).metadata.cache_hit
    assert not house.script.values
