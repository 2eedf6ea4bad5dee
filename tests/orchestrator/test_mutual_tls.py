"""A task over mutual TLS: an arm registers and is called, each side by the other one's name."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from octollm.arms.v1 import arm_pb2
from octollm.orchestrator.v1 import tasks_pb2

from arms.arm import Arm, Capability, Emit
from arms.host import HostedArm
from arms.model.session import ModelSession
from arms.own.app import build_own
from arms.own.settings import OwnArmSettings
from arms.step import Result, Step
from servicekit.capability.clients import Capabilities
from servicekit.channel import open_channel
from servicekit.errors import PermissionDeniedError, UnavailableError
from servicekit.status_board import StatusBoard
from tests.orchestrator.house import House, Script, planned, running_house, settings_for
from tests.support.certificates import Files, issued

CA = trustme.CA()


class Echo(Arm):
    arm_id = "echo"
    name = "Echo"
    description = "Says it again."
    capabilities = (Capability(name="echo", description="Echoes."),)

    async def execute(self, step: Step, *, model: ModelSession, emit: Emit) -> Result:
        return Result(output=step.instruction, confidence=1.0, method="rule")


def told(files: Files) -> dict[str, Any]:
    return {"mtls_ca_file": files.ca, "mtls_cert_file": files.cert, "mtls_key_file": files.key}


@asynccontextmanager
async def house_and_arm(
    database_url: str, socket_dir: Path, script: Script, *, arm: Files, own: Files
) -> AsyncGenerator[tuple[House, str]]:
    """An orchestrator and an arm that meet over TCP only; the orchestrator's address is told too."""
    settings = settings_for(database_url, socket_dir, grpc_ports={"orchestrator": 0}, **told(own))
    async with running_house(settings, script) as house:
        hosted = HostedArm(arm=Echo(), board=StatusBoard(service="echo"))
        arm_settings = OwnArmSettings(grpc_ports={"echo": 0}, orchestrator=house.address, **told(arm))
        async with build_own(hosted, settings=arm_settings):
            yield house, house.address


async def test_a_task_is_done_over_mutual_tls(
    database_url: str, socket_dir: Path, surroundings: Script, tmp_path: Path
) -> None:
    own = issued(tmp_path / "own", "orchestrator", ca=CA)
    arm = issued(tmp_path / "arm", "echo", ca=CA)
    gateway = issued(tmp_path / "gateway", "gateway", ca=CA)
    surroundings.plan = [planned("only", capability="echo")]
    async with house_and_arm(database_url, socket_dir, surroundings, arm=arm, own=own) as (house, address):
        task = await house.run()
        assert task.status == tasks_pb2.TASK_STATUS_COMPLETED, task.error
        assert task.result.output == "do only"
        for files, allowed in ((gateway, True), (arm, False)):
            async with open_channel(address, timeout=5, tls=files.mutual(), peer="orchestrator") as channel:
                assert await may_issue(Capabilities(channel=channel)) is allowed


async def may_issue(capabilities: Capabilities) -> bool:
    """Whether this caller is given tokens for direct calls."""
    try:
        await capabilities.issue(arm_pb2.ExecuteRequest(), act="work", instance_id="worker-1")
    except PermissionDeniedError:
        return False
    return True


async def test_an_arm_under_another_name_is_not_called(
    database_url: str, socket_dir: Path, surroundings: Script, tmp_path: Path
) -> None:
    own = issued(tmp_path / "own", "orchestrator", ca=CA)
    impostor = issued(tmp_path / "arm", "somebody", ca=CA)
    surroundings.plan = [planned("only", capability="echo")]
    async with house_and_arm(database_url, socket_dir, surroundings, arm=impostor, own=own) as (
        house,
        address,
    ):
        task = await house.run(budget=tasks_pb2.Budget(max_time_seconds=3))
        assert task.status == tasks_pb2.TASK_STATUS_FAILED
        async with open_channel(address, timeout=5) as plain:
            with pytest.raises(UnavailableError):
                await may_issue(Capabilities(channel=plain))
