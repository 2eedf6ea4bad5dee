"""One step for one arm: a server on a socket, a call, and what came back."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc, execution_pb2

from arms import convert
from arms.arm import Arm
from arms.declaration import check_arm, check_arm_class
from arms.host import HostedArm, Shared, serve_arms
from arms.permission.unchecked import unchecked
from arms.settings import ArmsSettings
from arms.step import Citation
from arms.testing.scripted import scripted_layer
from servicekit.channel import open_channel
from servicekit.status_board import StatusBoard


@dataclass(frozen=True, kw_only=True)
class Called:
    """What an arm made of a step.

    Attributes:
        output: the output as text.
        value: the output as data; None when the capability's output is plain text.
        confidence: how sure the arm is.
        method: how it was decided.
        citations: where the claims come from.
        artifacts: further pieces of output, by name.
        progress: what the arm reported meanwhile.
        model_requests: how often it asked the model.
    """

    output: str
    value: Any
    confidence: float
    method: str
    citations: tuple[Citation, ...]
    artifacts: Mapping[str, str]
    progress: tuple[str, ...]
    model_requests: int


def call_arm(
    arm: Arm,
    instruction: str,
    *,
    capability: str | None = None,
    arguments: Mapping[str, Any] | None = None,
    inputs: Sequence[str] = (),
    context: Mapping[str, Any] | None = None,
    model_answers: Sequence[str] = (),
    seconds: float = 30.0,
) -> Called:
    """Give an arm one step, over real gRPC, and wait for its result.

    Args:
        arm: the arm.
        instruction: what to do, in words.
        capability: which of its capabilities; None takes its first.
        arguments: as its arguments' type wants them; None sends none.
        inputs: outputs of earlier steps.
        context: what the task's caller sent along.
        model_answers: what the model says, one a request; by default there is no model.
        seconds: how long it may take.

    Raises:
        OctoError: what the arm raised, or a rule of arms that it breaks.
    """
    check_arm_class(type(arm))
    check_arm(arm)
    request = arm_pb2.ExecuteRequest(
        task=execution_pb2.TaskBrief(
            task_id="task_test", goal=instruction, context_json=_json(context) if context else ""
        ),
        step_id="test",
        attempt=1,
        idempotency_key="task_test/test",
        capability=capability or arm.capabilities[0].name,
        instruction=instruction,
        arguments_json=_json(arguments) if arguments is not None else "",
        inputs=[
            execution_pb2.StepInput(step_id=f"earlier-{number}", name=f"Earlier {number}", output=output)
            for number, output in enumerate(inputs, start=1)
        ],
    )
    return asyncio.run(_call(arm, request, model_answers=model_answers, seconds=seconds))


async def _call(
    arm: Arm, request: arm_pb2.ExecuteRequest, *, model_answers: Sequence[str], seconds: float
) -> Called:
    hosted = HostedArm(arm=arm, board=StatusBoard(service=arm.arm_id))
    with tempfile.TemporaryDirectory(prefix="octo-") as folder:
        settings = ArmsSettings(socket_dir=Path(folder), grpc_ports={})
        shared = Shared(
            settings=settings,
            layer=scripted_layer(model_answers),
            register=None,
            verifiers=unchecked,
        )
        async with (
            serve_arms([hosted], shared=shared) as running,
            open_channel(running.endpoints[arm.arm_id], timeout=seconds) as channel,
        ):
            events = [
                event async for event in cast("Any", arm_pb2_grpc.ArmServiceStub(channel).Execute(request))
            ]
    return _called(events)


def _called(events: Sequence[arm_pb2.ExecuteResponse]) -> Called:
    result = events[-1].result
    return Called(
        output=result.output,
        value=orjson.loads(result.output_json) if result.output_json else None,
        confidence=result.confidence,
        method=result.provenance.method,
        citations=convert.citations_from(result.citations),
        artifacts={artifact.name: artifact.content for artifact in result.artifacts},
        progress=tuple(event.progress.message for event in events[:-1]),
        model_requests=result.provenance.usage.model_requests,
    )


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()
