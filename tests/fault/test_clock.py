"""Clocks that are an hour off: leases and tokens go by the database's; an arm whose own is off says so."""

import asyncio
from pathlib import Path

import libfaketime
import pytest
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc
from octollm.orchestrator.v1 import tasks_pb2

from servicekit.capability.clients import Capabilities
from servicekit.channel import open_channel
from servicekit.errors import PermissionDeniedError
from tests.fault.history import Seen, check_history
from tests.fault.permitted import House, noting, registered
from tests.fault.processes import Child, Client, arms, orchestrator, running

LIBRARY = Path(libfaketime.__file__).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"


def off_by(root: Path, database_url: str, *, name: str, offset: str) -> Child:
    """An orchestrator with another time of day; durations stay right, as after a wrong setting."""
    return with_clock(orchestrator(root, database_url, name=name), offset)


def with_clock(child: Child, offset: str) -> Child:
    """A process with another time of day."""
    child.env |= {"LD_PRELOAD": str(LIBRARY), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return child


async def test_clocks_that_are_an_hour_off_change_nothing(root: Path, database_url: str) -> None:
    log = root / "calls"
    early = off_by(root, database_url, name="o1", offset="-1h")
    late = off_by(root, database_url, name="o2", offset="+1h")
    seen = Seen()
    workers = arms(root, reflex=True, steps=2, delay=2.5, log=log, registry="o1/orchestrator,o2/orchestrator")
    async with running(workers, early, late):
        client = Client(root, "o1", "o2")
        for number in range(10):
            seen.acknowledged.add(await client.surely_submit("g", key=str(number)))
        tasks = await asyncio.gather(*(client.ended(task_id) for task_id in seen.acknowledged))
        seen.ended |= {task.task_id: task.status for task in tasks}
        await client.close()
    check_history(database_url, seen)
    assert {task.status for task in tasks} == {tasks_pb2.TASK_STATUS_COMPLETED}
    begun = [line for line in log.read_text().splitlines() if line.startswith("begin")]
    assert len(begun) == 20, "longer than its lease, and yet no step ran twice"


async def test_a_deadline_is_kept_by_a_wrong_clock(root: Path, database_url: str) -> None:
    holder = off_by(root, database_url, name="o1", offset="+1h")
    async with running(arms(root, reflex=True, delay=30), holder):
        client = Client(root, "o1")
        budget = tasks_pb2.Budget(max_time_seconds=2)
        task = await client.ended(await client.surely_submit("g", key="k", budget=budget))
        assert task.error.type == tasks_pb2.ERROR_TYPE_TIMEOUT
        assert 1.9 < task.metadata.duration_seconds < 10
        await client.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("offset", ["+1h", "-1h"])
async def test_an_arm_whose_clock_is_off_says_so_and_does_nothing(permitted: House, offset: str) -> None:
    house = permitted
    audited = len(house.audited())
    name = f"off{'late' if offset > '-' else 'early'}"
    async with (
        running(with_clock(noting(house.root, name), offset)),
        open_channel(f"unix:{house.root}/{name}/noting.sock", timeout=10) as line,
    ):
        arm = arm_pb2_grpc.ArmServiceStub(line)
        told = await arm.GetCapabilities(arm_pb2.GetCapabilitiesRequest())
        request = house.request()
        request.capability_token = house.signed(house.claims(request, audience=told.instance_id))
        with pytest.raises(PermissionDeniedError, match=r"clock of this arm's machine is 36\d\d s") as caught:
            async for _ in arm.Execute(request):  # pyright: ignore[reportGeneralTypeIssues]  # the stub forgets __aiter__
                pass
        assert caught.value.reason == "CAPABILITY_CLOCK_OFF"
        assert not (house.root / name / "notes").exists() or not (house.root / name / "notes").read_text()
        await house.until_audited("CAPABILITY_CLOCK_OFF", after=audited)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_orchestrator_whose_clock_is_off_dates_by_the_databases(permitted: House) -> None:
    house = permitted
    before = len(house.begun())
    async with (
        running(with_clock(orchestrator(house.root, house.database_url, name="late"), "+1h")),
        registered(house.root, "late") as (channel, _),
    ):
        request = house.request()
        await Capabilities(channel=channel).issue(request, act="note", instance_id=house.instance_id)
        assert await house.call(request) == "write it down"
    assert len(house.begun()) == before + 1
