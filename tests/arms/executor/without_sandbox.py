"""An executor whose sandbox lacks a part, in a process of some user: tells what it answers, as JSON.

python -m tests.arms.executor.without_sandbox STAGING_DIR
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, cast
from unittest import mock

import grpc
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc, execution_pb2, executor_pb2, executor_pb2_grpc
from octollm.service.v1 import status_pb2, status_pb2_grpc

from arms.executor.app import host_executor
from arms.executor.settings import ExecutorSettings
from servicekit.errors import OctoError
from tests.arms.wire import channel_to, hosted

ACTIONS = {
    "python": executor_pb2.RunActionRequest(python=executor_pb2.PythonAction(source="1")),
    "javascript": executor_pb2.RunActionRequest(javascript=executor_pb2.JavaScriptAction(source="1")),
    "expression": executor_pb2.RunActionRequest(expression=executor_pb2.ExpressionAction(source="1")),
    "shell": executor_pb2.RunActionRequest(shell=executor_pb2.ShellAction(argv=["echo"])),
    "http": executor_pb2.RunActionRequest(
        http=executor_pb2.HttpAction(method="GET", url="https://example.org/")
    ),
}


async def main(staging_dir: Path) -> None:
    """Ask for everything, and look whether anything was started."""
    settings = ExecutorSettings(executor_staging_dir=staging_dir, executor_http_hosts=("*",))
    with mock.patch("arms.executor.sandbox.parts.LIMITER", "/nonexistent/prlimit"):
        async with hosted([host_executor(settings)]) as running, channel_to(running, "executor") as channel:
            told = {
                "is_root": os.geteuid() == 0,
                "detail": await detail(channel),
                "serving": await serving(channel),
                "actions": {name: await run(channel, request) for name, request in ACTIONS.items()},
                "step": await step(channel),
                "started": [child.name() for child in psutil.Process().children(recursive=True)],
            }
    sys.stdout.write(json.dumps(told))


async def detail(channel: grpc.aio.Channel) -> str:
    """What it says of its sandbox, after the self-test."""
    while True:
        status = await status_pb2_grpc.StatusServiceStub(channel).GetStatus(status_pb2.GetStatusRequest())
        (sandbox,) = [each for each in status.dependencies if each.name == "sandbox"]
        if "self-test has not ended" not in sandbox.detail:
            return sandbox.detail
        await asyncio.sleep(0.05)


async def serving(channel: grpc.aio.Channel) -> str:
    """What its health check answers."""
    health = await cast("Any", health_pb2_grpc).HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    return cast("Any", health_pb2).HealthCheckResponse.ServingStatus.Name(health.status)


async def run(channel: grpc.aio.Channel, request: executor_pb2.RunActionRequest) -> str:
    """The reason that it gives for refusing."""
    request.timeout_seconds = 10
    try:
        async for _ in executor_pb2_grpc.ExecutorServiceStub(channel).RunAction(request):
            pass
    except OctoError as error:
        return error.reason
    return "it ran"


async def step(channel: grpc.aio.Channel) -> str:
    """The same for a step."""
    request = arm_pb2.ExecuteRequest(
        task=execution_pb2.TaskBrief(task_id="t"),
        step_id="s",
        attempt=1,
        idempotency_key="k",
        capability="code_execution",
        instruction="do",
        arguments_json='{"source": "print(1)"}',
    )
    try:
        async for _ in arm_pb2_grpc.ArmServiceStub(channel).Execute(request):
            pass
    except OctoError as error:
        return error.reason
    return "it ran"


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
