"""A real arm process beside a real orchestrator, and the means to forge what permits its calls."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc, execution_pb2
from octollm.orchestrator.v1 import arm_registry_pb2, arm_registry_pb2_grpc
from octollm.service.v1 import status_pb2_grpc

from servicekit.capability.call import call_bytes, call_sha256
from servicekit.capability.claims import Claims
from servicekit.capability.clients import Capabilities
from servicekit.capability.token import Key, key_from_jwk, sign
from servicekit.channel import open_channel
from servicekit.errors import OctoError
from tests.fault.processes import Child, arms, orchestrator, running


def noting(root: Path, name: str, *, orchestrator: str = "o1") -> Child:
    """The arm; its sockets lie in a folder of its own name."""
    folder = root / name
    folder.mkdir()
    env = {
        "OCTOLLM_SOCKET_DIR": str(folder),
        "OCTOLLM_GRPC_PORTS": "{}",
        "OCTOLLM_ORCHESTRATOR": f"unix:{root / orchestrator}/orchestrator.sock",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    argv = [sys.executable, "-m", "tests.fault.noting_arm", str(folder / "notes")]
    return Child(name=name, argv=argv, env=env, log=root / f"{name}.log", ready=True)


@dataclass(kw_only=True)
class House:
    """The processes, how to reach them, and the orchestrator's own key for forging."""

    root: Path
    database_url: str
    instance_id: str
    kid: str
    key: Key
    capabilities: Capabilities
    arm: Any
    status: Any

    def request(self, step_id: str = "s1", **more: Any) -> arm_pb2.ExecuteRequest:
        return arm_pb2.ExecuteRequest(
            task=execution_pb2.TaskBrief(task_id="task_1", goal="g"),
            step_id=step_id,
            attempt=1,
            idempotency_key=step_id,
            capability="note",
            instruction="write it down",
            **more,
        )

    def claims(self, request: arm_pb2.ExecuteRequest, **changed: Any) -> Claims:
        now = time.time()
        honest = Claims(
            audience=self.instance_id,
            acts=("note",),
            call=call_sha256(call_bytes(request)),
            issued_at=now,
            expires_at=now + 60,
            until=now + 60,
            token_id=f"t{time.monotonic_ns()}",
            task_id="task_1",
            step_id="s1",
            attempt=1,
        )
        return replace(honest, **changed)

    def signed(self, claims: Claims) -> str:
        return sign(claims, kid=self.kid, key=self.key)

    async def issued(self, request: arm_pb2.ExecuteRequest) -> arm_pb2.ExecuteRequest:
        await self.capabilities.issue(request, act="note", instance_id=self.instance_id)
        return request

    async def call(self, request: arm_pb2.ExecuteRequest) -> str:
        events = [event async for event in self.arm.Execute(request)]
        return events[-1].result.output

    def begun(self) -> list[str]:
        path = self.root / "noting" / "notes"
        return path.read_text().splitlines() if path.exists() else []

    def audited(self, *, action: str = "capability.use") -> list[str]:
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute(
                "SELECT reason FROM identity.audit WHERE outcome = 'refused' AND action = %s "
                "ORDER BY audit_id",
                (action,),
            ).fetchall()
        return [row[0] for row in rows]

    async def until_audited(self, *reasons: str, after: int = 0) -> None:
        """Wait until exactly these refusals, in any order, follow the first `after` ones."""
        async with asyncio.timeout(15):
            while sorted(self.audited()[after:]) != sorted(reasons):  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.05)


@asynccontextmanager
async def registered(root: Path, name: str) -> AsyncGenerator[tuple[Any, str]]:
    """Channels to an orchestrator, and the instance of the arm that it knows."""
    async with open_channel(f"unix:{root / name}/orchestrator.sock", timeout=10) as channel:
        stub = arm_registry_pb2_grpc.ArmRegistryServiceStub(channel)
        async with asyncio.timeout(30):
            while True:
                try:
                    asked = arm_registry_pb2.GetArmRequest(arm_id="noting")
                    found = (await stub.GetArm(asked)).arm
                    break
                except OctoError:
                    await asyncio.sleep(0.1)
        yield channel, found.instance_id


def signing_key(database_url: str) -> tuple[str, Key]:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT kid, private_key FROM orchestrator.signing_keys").fetchone()
    assert row
    return row[0], key_from_jwk(row[1])


@asynccontextmanager
async def permitted_house(database_url: str) -> AsyncGenerator[House]:
    """Run all of it."""
    with tempfile.TemporaryDirectory(prefix="octo") as folder:
        root = Path(folder)
        holder = orchestrator(root, database_url, name="o1")
        async with (
            running(arms(root, reflex=True), holder, noting(root, "noting")),
            registered(root, "o1") as (channel, instance_id),
            open_channel(f"unix:{root}/noting/noting.sock", timeout=10) as line,
        ):
            kid, key = signing_key(database_url)
            yield House(
                root=root,
                database_url=database_url,
                instance_id=instance_id,
                kid=kid,
                key=key,
                capabilities=Capabilities(channel=channel),
                arm=arm_pb2_grpc.ArmServiceStub(line),
                status=status_pb2_grpc.StatusServiceStub(line),
            )
