"""A webhook whose orchestrator is killed while it delivers, before the receiver has answered."""

import json
from pathlib import Path

import psycopg
from octollm.orchestrator.v1 import arm_registry_pb2, arm_registry_pb2_grpc, tasks_pb2, tasks_pb2_grpc

from servicekit.channel import open_channel
from tests.fault.processes import orchestrator, running
from tests.orchestrator.house import ROLES, Script, description, eventually, scripted
from tests.orchestrator.webhooks.receiver import receiving


async def test_kill_nine_in_mid_delivery_tells_it_again_under_the_same_id(
    root: Path, database_url: str
) -> None:
    async with receiving(root) as receiver, scripted(Script(), root, "arms", "reflex"):
        child = orchestrator(
            root,
            database_url,
            webhook_hosts=json.dumps([f"localhost:{receiver.port}"]),
            webhook_networks='["127.0.0.0/8", "::1/128"]',
            webhook_ca_file=receiver.ca_file,
            webhook={"look": 0.05, "lease": 2.0, "seconds": 30.0},
        )
        receiver.answers = [None]
        async with running(child):
            task_id = await submitted(root, receiver.url)
            await eventually(lambda: bool(receiver.calls))
            await child.kill()
            assert await waiting(database_url) == [(task_id, 1)]
            await child.start()
            await eventually(lambda: len(receiver.calls) == 2)
            await eventually(lambda: _told(database_url))
    assert len(receiver.ids) == 1
    assert {json.loads(call.body)["data"]["task_id"] for call in receiver.calls} == {task_id}


async def submitted(root: Path, callback_url: str) -> str:
    """Register the arms and submit a task."""
    async with open_channel(f"unix:{root}/o1/orchestrator.sock", timeout=20) as channel:
        registry = arm_registry_pb2_grpc.ArmRegistryServiceStub(channel)
        for arm_id, capability in ROLES.items():
            request = arm_registry_pb2.RegisterArmRequest(
                instance_id=f"{arm_id}-1",
                arm=description(arm_id, capability, root),
                status=arm_registry_pb2.ARM_STATUS_HEALTHY,
            )
            await registry.RegisterArm(request)
        spec = tasks_pb2.TaskSpec(goal="a goal", callback_url=callback_url)
        tasks = tasks_pb2_grpc.TaskServiceStub(channel)
        return (await tasks.CreateTask(tasks_pb2.CreateTaskRequest(spec=spec))).task.task_id


async def waiting(database_url: str) -> list[tuple[str, int]]:
    """The deliveries that are not made yet: task and tries."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        cursor = await connection.execute("SELECT task_id, attempts FROM orchestrator.webhooks")
        return await cursor.fetchall()


async def _told(database_url: str) -> bool:
    return not await waiting(database_url)
