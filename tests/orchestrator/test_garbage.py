"""Arms that answer garbage or far too much, and one that is slow: told as what it is, the others unharmed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from octollm.arms.v1 import arm_pb2
from octollm.orchestrator.v1 import tasks_pb2

from tests.orchestrator.house import House, eventually, planned, result

Answers = AsyncIterator[arm_pb2.ExecuteResponse]


async def huge(_: Any, __: Any) -> Answers:
    yield result("x" * 10_000_000)


async def large(_: Any, __: Any) -> Answers:
    yield result("x" * 2_000_000)


async def two_results(_: Any, __: Any) -> Answers:
    yield result("first")
    yield result("second")


async def aborts(_: Any, context: Any) -> Answers:
    await context.abort(grpc.StatusCode.DATA_LOSS, "garbage")
    yield result("x")


async def nonsense(_: Any, __: Any) -> Answers:
    answer = result("a\x00b", tokens=-1_000_000, cost=-5)
    answer.result.confidence = float("nan")
    yield answer


@pytest.mark.parametrize("answer", [huge, large, aborts])
async def test_garbage_ends_the_task_as_internal(house: House, answer: Any) -> None:
    house.script.execute = answer
    task = await house.run()
    assert task.error.type == tasks_pb2.ERROR_TYPE_INTERNAL
    assert len(house.script.executed) == 1, "trying again would not help"


async def test_nothing_an_arm_says_of_itself_does_harm(house: House) -> None:
    house.script.execute = nonsense
    task = await house.run()
    assert task.result.output == "a\ufffdb"
    assert task.result.confidence == 0
    assert task.metadata.tokens_used == 3, "the planner's; nobody gives tokens back"
    assert task.metadata.cost_micros == 1


async def test_only_the_first_result_counts(house: House) -> None:
    house.script.execute = two_results
    assert (await house.run()).result.output == "first"


async def test_one_slow_arm_does_not_slow_the_others(house: House) -> None:
    release = asyncio.Event()

    async def by_capability(request: arm_pb2.ExecuteRequest, _: Any) -> Answers:
        if request.capability == "slow":
            await release.wait()
        yield result(request.capability)

    house.script.execute = by_capability
    await house.register("slow", "slow", max_concurrency=1)
    house.script.plan = [planned("a", capability="slow")]
    stuck = [await house.submit() for _ in range(10)]
    await eventually(lambda: any(r.capability == "slow" for r in house.script.executed))
    house.script.plan = [planned("a")]
    quick = await asyncio.gather(*(house.run() for _ in range(10)))
    assert {task.status for task in quick} == {tasks_pb2.TASK_STATUS_COMPLETED}
    assert sum(request.capability == "slow" for request in house.script.executed) == 1
    release.set()
    for task in stuck:
        assert (await house.get(task.task_id, wait=30)).status == tasks_pb2.TASK_STATUS_COMPLETED
