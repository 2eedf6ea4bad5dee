"""Has programs run by the executor, over gRPC."""

from collections.abc import AsyncIterator, Callable
from typing import cast

import grpc
from octollm.arms.v1 import execution_pb2, executor_pb2, executor_pb2_grpc
from octollm.orchestrator.v1 import arm_registry_pb2, arm_registry_pb2_grpc

from arms.permission.held import held_token
from arms.programs.program import NotRunError, Program, Ran
from servicekit.capability.clients import Capabilities
from servicekit.context import current_task_id, remaining_seconds
from servicekit.errors import DeadlineError, OctoError

EXECUTOR = "executor"
ACT = "code_execution"


class GrpcRunner:
    """Asks the executor that the register names, with a token narrower than the one of the call at hand.

    Args:
        register: the channel to the orchestrator, who keeps the register.
        open_channel: opens the channel to an endpoint of the executor's.
        capabilities: narrows the token of the call at hand.
    """

    def __init__(
        self,
        *,
        register: grpc.aio.Channel,
        open_channel: Callable[[str], grpc.aio.Channel],
        capabilities: Capabilities,
    ) -> None:
        self._register = arm_registry_pb2_grpc.ArmRegistryServiceStub(register)
        self._open_channel = open_channel
        self._capabilities = capabilities
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def run(self, program: Program) -> Ran:
        """Run a program to its end.

        Raises:
            NotRunError: there is no executor, it has no sandbox, or it may not be asked.
            DeadlineError: the caller's deadline passed.
        """
        try:
            return await self._run(program)
        except DeadlineError as error:
            remaining_seconds(1.0)  # it raises when it is the caller's own deadline that passed
            raise NotRunError("the executor did not answer in time") from error
        except OctoError as error:
            raise NotRunError(error.message.rstrip(".")) from error

    async def close(self) -> None:
        """Close the channel to the executor."""
        for endpoint in list(self._channels):
            await self._channels.pop(endpoint).close()

    async def _run(self, program: Program) -> Ran:
        asked = arm_registry_pb2.GetArmRequest(arm_id=EXECUTOR)
        arm = (await self._register.GetArm(asked)).arm
        request = _request(program)
        if held := held_token():  # without one the executor itself says what is missing
            await self._capabilities.delegate(request, act=ACT, instance_id=arm.instance_id, held=held)
        stub = executor_pb2_grpc.ExecutorServiceStub(await self._channel(arm.description.endpoint))
        call = stub.RunAction(request)
        try:
            return await _collected(cast("AsyncIterator[executor_pb2.RunActionResponse]", call))
        finally:
            call.cancel()  # a caller who leaves ends the program

    async def _channel(self, endpoint: str) -> grpc.aio.Channel:
        if endpoint not in self._channels:
            await self.close()  # of an executor that is gone
            self._channels[endpoint] = self._open_channel(endpoint)
        return self._channels[endpoint]


def _request(program: Program) -> executor_pb2.RunActionRequest:
    request = executor_pb2.RunActionRequest(
        task=execution_pb2.TaskBrief(task_id=current_task_id()),
        files=[
            execution_pb2.Artifact(name=name, content=text, encoding="utf-8")
            for name, text in program.files.items()
        ],
        timeout_seconds=program.seconds,
    )
    if program.language == "javascript":
        request.javascript.source = program.source
        request.javascript.outputs.extend(program.outputs)
    else:
        request.python.source = program.source
        request.python.outputs.extend(program.outputs)
    return request


async def _collected(events: AsyncIterator[executor_pb2.RunActionResponse]) -> Ran:
    written = {"stdout": bytearray(), "stderr": bytearray()}
    async for event in events:
        if event.WhichOneof("event") == "outcome":
            outcome = event.outcome
            return Ran(
                exit_code=outcome.exit_code,
                stopped_by=outcome.stopped_by,
                stdout=written["stdout"].decode(errors="replace"),
                stderr=written["stderr"].decode(errors="replace"),
                files={file.name: file.content for file in outcome.files if file.encoding != "base64"},
                seconds=outcome.seconds,
            )
        written[event.chunk.stream or "stdout"] += event.chunk.data
    raise NotRunError("the executor's answer ended without an outcome")
