"""The register of arms over the wire, and what tasks do while arms are away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from octollm.arms.v1 import arm_pb2
from octollm.orchestrator.v1 import arm_registry_pb2, tasks_pb2

from servicekit.errors import NotFoundError
from tests.orchestrator.house import (
    House,
    Script,
    eventually,
    planned,
    result,
    running_house,
    scripted,
    settings_for,
)


async def arm(house: House, arm_id: str) -> arm_registry_pb2.Arm:
    return (await house.arms.GetArm(arm_registry_pb2.GetArmRequest(arm_id=arm_id))).arm


async def beat(house: House, instance: str, status: Any, detail: str = "") -> bool:
    request = arm_registry_pb2.HeartbeatArmRequest(instance_id=instance, status=status, status_detail=detail)
    return (await house.arms.HeartbeatArm(request)).known


async def test_arms_register_beat_and_leave(house: House) -> None:
    await house.register("worker", "work", instance="worker-2")
    assert (await arm(house, "worker")).instances == 2
    assert await beat(house, "worker-2", arm_registry_pb2.ARM_STATUS_DEGRADED, "nul \x00")
    assert await beat(house, "worker-2", arm_registry_pb2.ARM_STATUS_DEGRADED, "slow")
    assert not await beat(house, "stranger", arm_registry_pb2.ARM_STATUS_HEALTHY)
    await house.arms.DeregisterArm(arm_registry_pb2.DeregisterArmRequest(instance_id="worker-1"))
    left = await arm(house, "worker")
    assert (left.instances, left.status_detail) == (1, "slow")
    assert left.status == arm_registry_pb2.ARM_STATUS_DEGRADED
    assert left.description.capabilities[0].name == "work"
    with pytest.raises(NotFoundError):
        await arm(house, "nobody")


async def test_arms_are_listed_by_page(house: House) -> None:
    request = arm_registry_pb2.ListArmsRequest(page=2, page_size=3)
    response = await house.arms.ListArms(request)
    assert response.total_items == 4
    assert [found.description.arm_id for found in response.arms] == ["worker"]


async def test_silence_makes_an_arm_unavailable(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    settings = settings_for(database_url, socket_dir, arm_silence_seconds=0.3)
    async with running_house(settings, surroundings) as house:
        assert (await arm(house, "worker")).status == arm_registry_pb2.ARM_STATUS_HEALTHY

        async def silent() -> bool:
            return (await arm(house, "worker")).status == arm_registry_pb2.ARM_STATUS_UNAVAILABLE

        await eventually(silent)
        assert await beat(house, "worker-1", arm_registry_pb2.ARM_STATUS_HEALTHY)
        assert (await arm(house, "worker")).status == arm_registry_pb2.ARM_STATUS_HEALTHY


async def test_a_task_waits_for_arms_that_register_late(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    settings = settings_for(database_url, socket_dir)
    async with running_house(settings, surroundings, register=False) as house:
        task = await house.submit(acceptance_criteria=["a"])
        await house.until(task.task_id, tasks_pb2.TASK_EVENT_TYPE_TASK_STARTED)
        await house.register_roles()
        assert (await house.get(task.task_id, wait=30)).status == tasks_pb2.TASK_STATUS_COMPLETED


async def test_a_task_whose_arms_never_come_says_which(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    settings = settings_for(database_url, socket_dir)
    async with running_house(settings, surroundings, register=False) as house:
        await house.register("worker", "work")
        await house.register("guardian", "review")
        task = await house.run(budget=tasks_pb2.Budget(max_time_seconds=1))
        assert task.error.type == tasks_pb2.ERROR_TYPE_ARM_UNAVAILABLE
        assert "plan" in task.error.message


async def test_a_step_without_a_holder_is_bounded(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    settings = settings_for(database_url, socket_dir, drive={"arm_patience": 0.3})
    async with running_house(settings, surroundings) as house:
        surroundings.plan = [planned("a")]

        async def leave(_: Any) -> None:
            request = arm_registry_pb2.DeregisterArmRequest(instance_id="worker-1")
            await house.arms.DeregisterArm(request)
            await asyncio.sleep(0.5)

        surroundings.on_plan = leave
        task = await house.run()
        assert task.error.type == tasks_pb2.ERROR_TYPE_ARM_UNAVAILABLE
        assert "work" in task.error.message


async def test_a_dead_instance_is_passed_over(house: House) -> None:
    await house.arms.DeregisterArm(arm_registry_pb2.DeregisterArmRequest(instance_id="worker-1"))
    await house.register("worker", "work", instance="dead", socket="nobody")
    await house.register("worker", "work", instance="alive")
    tasks = await asyncio.gather(*(house.run() for _ in range(5)))
    assert {task.status for task in tasks} == {tasks_pb2.TASK_STATUS_COMPLETED}


async def test_a_full_arm_makes_steps_wait_not_fail(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    running = most = 0

    async def counted(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        yield result("x")

    surroundings.execute = counted
    surroundings.plan = [planned(name) for name in "abcd"]
    async with running_house(settings_for(database_url, socket_dir), surroundings) as house:
        await house.register("worker", "work", max_concurrency=2)
        tasks = await asyncio.gather(*(house.run() for _ in range(4)))
    assert {task.status for task in tasks} == {tasks_pb2.TASK_STATUS_COMPLETED}
    assert most == 2


async def test_an_arm_on_its_own_socket_is_called_there(house: House, socket_dir: Path) -> None:
    other = Script(plan=[planned("other")])
    async with scripted(other, socket_dir, "second"):
        await house.register("special", "special", socket="second")
        house.script.plan = [planned("a", capability="special")]
        await house.run()
        await eventually(lambda: len(other.executed) == 1)
    assert not house.script.executed


def fall_silent(database_url: str, instance: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE orchestrator.arms SET last_seen_at = now() - interval '1 h' WHERE instance_id = %s",
            (instance,),
        )


async def test_a_call_of_an_arm_that_falls_silent_moves_on(house: House, database_url: str) -> None:
    """As when its process is frozen: the connection stays open, and nothing comes any more."""
    ended: list[str] = []

    async def hang_once(request: arm_pb2.ExecuteRequest, _: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        if len(house.script.executed) == 1:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(request.step_id)
        yield result("by another")

    house.script.execute = hang_once
    task = await house.submit()
    await eventually(lambda: bool(house.script.executed))
    await house.register("worker", "work", instance="worker-2")
    fall_silent(database_url, "worker-1")
    done = await house.get(task.task_id, wait=20)
    assert done.result.output == "by another"
    assert ended == ["only"]
    (step,) = (await house.steps(task.task_id)).values()
    assert (step.attempts, step.provenance.instance_id) == (2, "worker-2")


async def test_a_silent_arm_keeps_its_call_when_nobody_else_can_do_it(
    house: House, database_url: str
) -> None:
    gate = asyncio.Event()

    async def slow(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        await gate.wait()
        yield result("late, but done")

    house.script.execute = slow
    task = await house.submit()
    await eventually(lambda: bool(house.script.executed))
    fall_silent(database_url, "worker-1")
    await asyncio.sleep(1.5)  # the register is looked at each second
    gate.set()
    assert (await house.get(task.task_id, wait=20)).result.output == "late, but done"
    assert len(house.script.executed) == 1


async def test_a_step_outlives_the_restart_of_the_only_arm(house: House, socket_dir: Path) -> None:
    """However long it takes: retries are not spent on an arm that is known to be away."""
    await house.register("worker", "work", instance="worker-1", socket="nobody-yet")
    task = await house.submit()
    await house.until(task.task_id, tasks_pb2.TASK_EVENT_TYPE_STEP_RETRIED)
    await asyncio.sleep(2.5)  # a second try would have come after a second or two
    types = [step.attempts for step in (await house.steps(task.task_id)).values()]
    assert types == [1]
    async with scripted(Script(), socket_dir, "nobody-yet"):

        async def completed() -> bool:
            await beat(house, "worker-1", arm_registry_pb2.ARM_STATUS_HEALTHY)
            done = await house.get(task.task_id, wait=1)
            return done.status == tasks_pb2.TASK_STATUS_COMPLETED

        await eventually(completed)
