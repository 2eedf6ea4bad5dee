"""Lost holders and lost databases: what was acknowledged ends, once, and is paid once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from octollm.arms.v1 import arm_pb2
from octollm.orchestrator.v1 import tasks_pb2
from psycopg import sql

from orchestrator.app import build
from servicekit.errors import RateLimitError, UnavailableError
from tests.orchestrator.house import (
    House,
    Script,
    eventually,
    planned,
    result,
    running_house,
    settings_for,
)
from tests.support.postgres import BreakablePostgres

COMPLETED = tasks_pb2.TASK_STATUS_COMPLETED


def ledger(database_url: str, task_id: str) -> dict[str, int]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT call_key, input_tokens + output_tokens FROM orchestrator.usage_ledger WHERE task_id = %s",
            (task_id,),
        ).fetchall()
    return dict(rows)


async def test_a_drain_hands_tasks_over_at_once(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    gate = asyncio.Event()

    async def gated(request: arm_pb2.ExecuteRequest, _: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        if request.step_id == "b":
            await gate.wait()
        yield result(request.step_id)

    surroundings.execute = gated
    surroundings.plan = [planned("a"), planned("b", "a")]
    settings = settings_for(database_url, socket_dir, lease_seconds=600.0)
    async with build(settings) as running:
        async with running_house_on(settings, surroundings, running) as house:
            await house.register_roles()
            task = await house.submit()
            await eventually(lambda: len(surroundings.executed) == 2)
        await running.drain(0.0)
    gate.set()
    async with running_house(settings, surroundings) as house:
        done = await house.get(task.task_id, wait=20)
        assert done.status == COMPLETED
        assert [request.step_id for request in surroundings.executed] == ["a", "b", "b"]
        assert ledger(database_url, task.task_id) == {
            "plan:0": 3,
            "step:a": 10,
            "step:b": 10,
            "review:1": 0,
        }
        assert done.metadata.tokens_used == 23


def running_house_on(settings: Any, script: Script, running: Any) -> Any:
    import contextlib

    from octollm.orchestrator.v1 import arm_registry_pb2_grpc, tasks_pb2_grpc
    from octollm.service.v1 import status_pb2_grpc

    from servicekit.channel import open_channel

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[House]:
        async with open_channel(running.endpoints["socket"], timeout=60) as channel:
            yield House(
                script=script,
                socket_dir=settings.socket_dir,
                settings=settings,
                tasks=tasks_pb2_grpc.TaskServiceStub(channel),
                arms=arm_registry_pb2_grpc.ArmRegistryServiceStub(channel),
                status=status_pb2_grpc.StatusServiceStub(channel),
                channel=channel,
            )

    return opened()


async def test_what_a_dead_holder_left_is_taken_over(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    async with running_house(settings_for(database_url, socket_dir), surroundings) as house:
        surroundings.plan = [planned("a"), planned("b", "a")]
        with psycopg.connect(database_url, autocommit=True) as connection:
            # A task as a holder leaves it that dies between a step's start and its end.
            task_id = "task_" + "d" * 16
            connection.execute(
                """INSERT INTO orchestrator.tasks (task_id, tenant, subject, status, priority, phase,
                    total_steps, completed_steps, last_sequence, attempt, lease_owner, lease_until,
                    max_seconds, tokens_used, started_at, deadline_at, spec)
                VALUES (%s, 'default', 's', 2, 2, 3, 2, 1, 4, 1, 'dead', now() + interval '0.5 s', 60, 10,
                    now(), now() + interval '60 s', '{"goal": "g"}')""",
                (task_id,),
            )
            plan = (
                '{"step_id": "%s", "name": "n", "capability": "work", "instruction": "i", "depends_on": %s}'
            )
            connection.execute(
                """INSERT INTO orchestrator.steps (task_id, step_id, position, round, state, attempts, plan,
                    result) VALUES (%s, 'a', 0, 0, 3, 1, %s, '{"output": "kept"}'),
                    (%s, 'b', 1, 0, 2, 1, %s, NULL)""",
                (task_id, plan % ("a", "[]"), task_id, plan % ("b", '["a"]')),
            )
        done = await house.get(task_id, wait=20)
        assert done.result.output == "b(kept)"
        assert [(r.step_id, r.attempt) for r in surroundings.executed] == [("b", 2)]
        events = await house.events(task_id, after=4)
        assert events[0].type == tasks_pb2.TASK_EVENT_TYPE_TASK_STARTED
        assert '"attempt":2' in events[0].data_json


async def test_a_late_write_is_fenced(database_url: str, socket_dir: Path, surroundings: Script) -> None:
    gate = asyncio.Event()

    async def gated(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        await gate.wait()
        yield result("late")

    surroundings.execute = gated
    settings = settings_for(database_url, socket_dir, lease_seconds=600.0, heartbeat_seconds=600.0)
    async with running_house(settings, surroundings) as house:
        task = await house.submit()
        await eventually(lambda: bool(surroundings.executed))
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(
                """UPDATE orchestrator.tasks SET attempt = attempt + 1, lease_owner = 'successor',
                lease_until = now() + interval '1 hour'"""
            )
            gate.set()
            await eventually(lambda: "late" not in str(surroundings.reviewed))
            await asyncio.sleep(0.3)
            row = connection.execute(
                "SELECT status, result, last_sequence FROM orchestrator.tasks"
            ).fetchone()
        assert row is not None
        assert row[:2] == (2, None)
        assert (await house.get(task.task_id)).last_sequence == row[2]


async def test_a_task_that_kills_its_holders_is_given_up(house: House, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO orchestrator.tasks (task_id, tenant, subject, status, priority, phase, attempt,
                lease_until, lost_leases, max_seconds, started_at, deadline_at, spec)
            VALUES ('task_pppppppppppppppp', 'default', 's', 2, 2, 1, 6, now(), 5, 60, now(),
                now() + interval '60 s', '{"goal": "g"}')"""
        )
    task = await house.get("task_pppppppppppppppp", wait=20)
    assert task.error.type == tasks_pb2.ERROR_TYPE_INTERNAL
    assert "given up" in task.error.message
    assert not house.script.plans


@pytest.mark.parametrize(
    "columns",
    [
        "2, now() - interval '1 h', now() - interval '2 h', now() - interval '1 h', now() - interval '1 h'",
        "1, now() - interval '25 h', NULL, NULL, NULL",
    ],
)
async def test_what_is_out_of_time_is_ended_by_the_sweeper(
    database_url: str, socket_dir: Path, surroundings: Script, columns: LiteralString
) -> None:
    settings = settings_for(database_url, socket_dir, concurrent_tasks=1)
    async with running_house(settings, surroundings) as house:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL(
                    """INSERT INTO orchestrator.tasks (task_id, tenant, subject, priority, max_seconds, spec,
                        status, created_at, started_at, deadline_at, lease_until)
                    VALUES ('task_tttttttttttttttt', 'default', 's', 2, 60, '{{"goal": "g"}}', {})"""
                ).format(sql.SQL(columns))
            )
        task = await house.get("task_tttttttttttttttt", wait=20)
        assert task.error.type == tasks_pb2.ERROR_TYPE_TIMEOUT


async def test_a_queued_task_whose_wake_up_got_lost_is_woken(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    settings = settings_for(database_url, socket_dir, sweep={"lost_wakeup": 0.0}, sweep_seconds=0.05)
    async with running_house(settings, surroundings) as house:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(
                """INSERT INTO orchestrator.tasks (task_id, tenant, subject, status, priority, max_seconds,
                    spec) VALUES ('task_qqqqqqqqqqqqqqqq', 'default', 's', 1, 2, 60, '{"goal": "g"}')"""
            )
        assert (await house.get("task_qqqqqqqqqqqqqqqq", wait=20)).status == COMPLETED


async def test_old_tasks_go_with_their_steps_and_events(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    async with running_house(settings_for(database_url, socket_dir), surroundings) as house:
        for _ in range(3):
            await house.run()
    settings = settings_for(database_url, socket_dir, sweep={"retention": 0.0, "batch": 2})
    async with running_house(settings, surroundings) as house:

        async def gone() -> bool:
            return not (await house.tasks.ListTasks(tasks_pb2.ListTasksRequest())).total_items

        await eventually(gone)
    with psycopg.connect(database_url) as connection:
        for table, left in (("tasks", 0), ("steps", 0), ("task_events", 0), ("usage_ledger", 9)):
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("orchestrator", table))
            assert connection.execute(query).fetchone() == (left,), table


async def test_a_full_queue_is_refused_with_a_time(
    database_url: str, socket_dir: Path, surroundings: Script
) -> None:
    async def gated(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        await asyncio.sleep(60)
        yield result("x")

    surroundings.execute = gated
    settings = settings_for(database_url, socket_dir, concurrent_tasks=1, tenant_queue=3)
    async with running_house(settings, surroundings) as house:
        await house.submit()
        await eventually(lambda: bool(surroundings.executed))
        for _ in range(3):
            await house.submit()
        with pytest.raises(RateLimitError) as caught:
            await house.submit()
        assert caught.value.retry_after


async def test_without_postgresql_calls_fail_fast_and_it_recovers(
    postgres_server: BreakablePostgres, socket_dir: Path, surroundings: Script
) -> None:
    gate = asyncio.Event()

    async def gated(_: Any, __: Any) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        await gate.wait()
        yield result("x")

    surroundings.execute = gated
    loop = asyncio.get_running_loop()
    async with running_house(settings_for(postgres_server.url, socket_dir), surroundings) as house:
        running = await house.submit()
        await eventually(lambda: bool(surroundings.executed))
        await postgres_server.kill()
        began = loop.time()
        with pytest.raises(UnavailableError):
            await house.submit()
        with pytest.raises(UnavailableError):
            await house.get(running.task_id)
        assert loop.time() - began < 2 * 2.5
        await postgres_server.start()
        gate.set()
        async with asyncio.timeout(20):
            while True:
                try:
                    later = await house.submit()
                    break
                except UnavailableError:
                    await asyncio.sleep(0.1)
        assert (await house.get(running.task_id, wait=30)).status == COMPLETED
        assert (await house.get(later.task_id, wait=30)).status == COMPLETED
