"""The server and the channel together, at the wire: errors, ids, deadlines, streams, health, reflection."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from io import StringIO
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc, execution_pb2
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc
from octollm.service.v1 import status_pb2, status_pb2_grpc

from servicekit import errors
from servicekit.channel import open_channel
from servicekit.context import remaining_seconds, set_deadline
from servicekit.logs import configure_logging
from servicekit.metrics import Metrics
from servicekit.request_id import current_request_id, set_request_id
from servicekit.running import Running
from servicekit.server import serve
from servicekit.status import FROM_GRPC, TO_GRPC, from_rpc_error
from servicekit.status_board import Health, StatusBoard

Behaviour = Callable[[reflex_pb2.GetCacheRequest], Awaitable[reflex_pb2.GetCacheResponse]]


class Reflex(reflex_pb2_grpc.ReflexServiceServicer):
    """Does what the test says."""

    behaviour: Behaviour

    async def GetCache(
        self, request: reflex_pb2.GetCacheRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> reflex_pb2.GetCacheResponse:
        return await self.behaviour(request)


class Arm(arm_pb2_grpc.ArmServiceServicer):
    """Streams until it fails or is cancelled."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()

    async def Execute(
        self, request: arm_pb2.ExecuteRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[arm_pb2.ExecuteResponse]:
        yield arm_pb2.ExecuteResponse(progress=arm_pb2.Progress(message=current_request_id()))
        if request.instruction == "fail":
            raise errors.RateLimitError("the arm is full", reason="ARM_FULL", retry_after=1.5)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


class House:
    """One running server with its channel."""

    def __init__(
        self, running: Running, reflex: Reflex, arm: Arm, board: StatusBoard, metrics: Metrics
    ) -> None:
        self.running = running
        self.reflex = reflex
        self.arm = arm
        self.board = board
        self.metrics = metrics
        self.channel = open_channel(running.endpoints["socket"], timeout=5)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    reflex, arm = Reflex(), Arm()

    def register(server: grpc.aio.Server) -> None:
        reflex_pb2_grpc.add_ReflexServiceServicer_to_server(reflex, server)
        arm_pb2_grpc.add_ArmServiceServicer_to_server(arm, server)

    board, metrics = StatusBoard(service="test"), Metrics()
    async with serve(
        name="test",
        addresses=[f"unix:{tmp_path}/s", "127.0.0.1:0"],
        register=register,
        services=["octollm.reflex.v1.ReflexService", "octollm.arms.v1.ArmService"],
        board=board,
        metrics=metrics,
    ) as running:
        it = House(running, reflex, arm, board, metrics)
        yield it
        await it.channel.close()


def execute(instruction: str) -> arm_pb2.ExecuteRequest:
    return arm_pb2.ExecuteRequest(
        task=execution_pb2.TaskBrief(task_id="t"),
        step_id="s",
        attempt=1,
        idempotency_key="k",
        capability="text_generation",
        instruction=instruction,
    )


RAISED = [
    errors.ValidationFailedError("goal is empty", field="goal", constraint="must not be blank"),
    errors.UnauthenticatedError("who are you?"),
    errors.PermissionDeniedError("scope missing", metadata={"scope": "task:submit"}),
    errors.NotFoundError("no such task"),
    errors.DeadlineError("too late"),
    errors.ConflictError("already done", reason="TASK_COMPLETED"),
    errors.RateLimitError("slow down", retry_after=2.25),
    errors.PayloadTooLargeError("too big"),
    errors.CancelledByCallerError("stopped"),
    errors.UnavailableError("database down", retry_after=1),
    errors.InternalError("a defect"),
]


@pytest.mark.parametrize("raised", RAISED, ids=lambda error: type(error).__name__)
async def test_what_the_server_raises_the_client_gets(house: House, raised: errors.OctoError) -> None:
    async def fail(_: object) -> reflex_pb2.GetCacheResponse:
        raise raised

    house.reflex.behaviour = fail
    with pytest.raises(type(raised)) as caught:
        await reflex_pb2_grpc.ReflexServiceStub(house.channel).GetCache(reflex_pb2.GetCacheRequest(key="k"))
    for attribute in ("code", "message", "field", "constraint", "reason", "retry_after", "metadata"):
        assert getattr(caught.value, attribute) == getattr(raised, attribute), attribute


async def test_a_defect_never_tells_its_text(house: House) -> None:
    async def fail(_: object) -> reflex_pb2.GetCacheResponse:
        raise ValueError("password=hunter2")

    house.reflex.behaviour = fail
    async with grpc.aio.insecure_channel(house.running.endpoints["grpc"]) as plain:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await reflex_pb2_grpc.ReflexServiceStub(plain).GetCache(reflex_pb2.GetCacheRequest(key="k"))
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in caught.value.debug_error_string() + str(caught.value.trailing_metadata())


async def test_rules_of_the_proto_are_enforced(house: House) -> None:
    with pytest.raises(errors.ValidationFailedError) as caught:
        await reflex_pb2_grpc.ReflexServiceStub(house.channel).GetCache(
            reflex_pb2.GetCacheRequest(key="no spaces")
        )
    assert caught.value.field == "key"
    assert caught.value.constraint


async def test_a_nested_field_is_named_by_its_path(house: House) -> None:
    request = execute("go")
    request.inputs.add(step_id="a")
    request.limits.max_tokens = 0
    with pytest.raises(errors.ValidationFailedError) as caught:
        async for _ in arm_pb2_grpc.ArmServiceStub(house.channel).Execute(request):
            pass
    assert caught.value.field == "limits.max_tokens"


async def test_the_request_id_and_the_deadline_travel(house: House) -> None:
    seen: dict[str, Any] = {}

    async def look(_: object) -> reflex_pb2.GetCacheResponse:
        seen["id"] = current_request_id()
        seen["left"] = remaining_seconds(100)
        return reflex_pb2.GetCacheResponse()

    house.reflex.behaviour = look
    set_request_id("req-42")
    set_deadline(2)
    await reflex_pb2_grpc.ReflexServiceStub(house.channel).GetCache(reflex_pb2.GetCacheRequest(key="k"))
    assert seen["id"] == "req-42"
    assert 0 < seen["left"] < 2.5  # gRPC rounds a deadline up a little; the channel alone would give 5


async def test_a_passed_deadline_sends_nothing(house: House) -> None:
    async def never(_: object) -> reflex_pb2.GetCacheResponse:
        pytest.fail("the call was sent")

    house.reflex.behaviour = never
    set_deadline(-1)
    with pytest.raises(errors.DeadlineError):
        await reflex_pb2_grpc.ReflexServiceStub(house.channel).GetCache(reflex_pb2.GetCacheRequest(key="k"))


async def test_a_slow_server_is_a_timeout(house: House) -> None:
    async def hang(_: object) -> reflex_pb2.GetCacheResponse:
        await asyncio.Event().wait()
        raise AssertionError

    house.reflex.behaviour = hang
    with pytest.raises(errors.DeadlineError):
        await reflex_pb2_grpc.ReflexServiceStub(house.channel).GetCache(
            reflex_pb2.GetCacheRequest(key="k"), timeout=0.1
        )


@pytest.mark.parametrize(
    ("sent", "kept"), [("abc-1.2_3", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ("", False)]
)
async def test_only_a_well_formed_request_id_is_taken(house: House, sent: str, kept: bool) -> None:
    stub: Any = arm_pb2_grpc.ArmServiceStub(grpc.aio.insecure_channel(house.running.endpoints["grpc"]))
    call = stub.Execute(execute("go"), metadata=(("x-request-id", sent),))
    first = await call.read()
    assert (first.progress.message == sent) is kept
    assert len(first.progress.message) >= 1
    call.cancel()


async def test_a_stream_raises_what_the_server_raised(house: House) -> None:
    seen: list[arm_pb2.ExecuteResponse] = []
    with pytest.raises(errors.RateLimitError) as caught:
        async for event in arm_pb2_grpc.ArmServiceStub(house.channel).Execute(execute("fail")):
            seen.append(event)  # noqa: PERF401  # what came before the failure counts
    assert len(seen) == 1
    assert caught.value.retry_after == 1.5
    assert caught.value.reason == "ARM_FULL"


async def test_cancelling_the_task_reaches_the_server(house: House) -> None:
    started = asyncio.Event()

    async def consume() -> None:
        async for _ in arm_pb2_grpc.ArmServiceStub(house.channel).Execute(execute("go")):
            started.set()

    task = asyncio.create_task(consume())
    await asyncio.wait_for(started.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(house.arm.cancelled.wait(), 5)


async def test_cancelling_the_call_is_an_error_not_a_cancelled_task(house: House) -> None:
    stream: Any = arm_pb2_grpc.ArmServiceStub(house.channel).Execute(execute("go"))
    with pytest.raises(errors.CancelledByCallerError):
        async for _ in stream:
            stream.cancel()
    await asyncio.wait_for(house.arm.cancelled.wait(), 5)


async def test_a_service_that_is_not_there_is_unavailable_at_once(tmp_path: Path) -> None:
    channel = open_channel(f"unix:{tmp_path}/nobody", timeout=30)
    with pytest.raises(errors.UnavailableError):
        await asyncio.wait_for(
            reflex_pb2_grpc.ReflexServiceStub(channel).GetCache(reflex_pb2.GetCacheRequest(key="k")), 5
        )
    await channel.close()


async def test_a_message_over_the_size_limit_is_not_a_rate_limit(house: House) -> None:
    request = reflex_pb2.GetCacheRequest(key="k" * (9 * 1024 * 1024))
    with pytest.raises(errors.PayloadTooLargeError):
        await reflex_pb2_grpc.ReflexServiceStub(house.channel).GetCache(request)


async def test_health_follows_the_board(house: House) -> None:
    stub = cast("Any", health_pb2_grpc).HealthStub(house.channel)
    watch = stub.Watch(health_pb2.HealthCheckRequest(service="octollm.reflex.v1.ReflexService"), timeout=10)
    states = aiter(watch)
    assert (await anext(states)).status == health_pb2.HealthCheckResponse.SERVING
    house.board.set("postgresql", Health.UNAVAILABLE, detail="gone", required=True)
    assert (await anext(states)).status == health_pb2.HealthCheckResponse.NOT_SERVING
    house.board.set("postgresql", Health.HEALTHY, required=True)
    assert (await anext(states)).status == health_pb2.HealthCheckResponse.SERVING
    house.board.start_draining()
    assert (await anext(states)).status == health_pb2.HealthCheckResponse.NOT_SERVING
    watch.cancel()


@pytest.mark.parametrize(
    ("health", "required", "state"),
    [
        (Health.HEALTHY, True, status_pb2.STATE_HEALTHY),
        (Health.DEGRADED, True, status_pb2.STATE_DEGRADED),
        (Health.UNAVAILABLE, True, status_pb2.STATE_UNAVAILABLE),
        (Health.UNAVAILABLE, False, status_pb2.STATE_DEGRADED),
    ],
)
async def test_status_tells_every_dependency(
    house: House,
    health: Health,
    required: bool,
    state: status_pb2.State,
) -> None:
    house.board.set("x", health, detail="why", required=required)
    status = await status_pb2_grpc.StatusServiceStub(house.channel).GetStatus(status_pb2.GetStatusRequest())
    assert status.state == state
    assert [(d.name, d.detail, d.required) for d in status.dependencies] == [("x", "why", required)]


async def test_metrics_count_calls_by_code(house: House) -> None:
    with pytest.raises(errors.ValidationFailedError):
        await reflex_pb2_grpc.ReflexServiceStub(house.channel).GetCache(reflex_pb2.GetCacheRequest(key=" "))
    answer = await status_pb2_grpc.StatusServiceStub(house.channel).GetMetrics(status_pb2.GetMetricsRequest())
    assert 'method="GetCache",code="VALIDATION_ERROR"' in answer.text.replace(
        'code="VALIDATION_ERROR",method="GetCache"', 'method="GetCache",code="VALIDATION_ERROR"'
    )
    assert answer.content_type.startswith("text/plain")


async def test_reflection_lists_the_services(house: House) -> None:
    stub = cast("Any", reflection_pb2_grpc).ServerReflectionStub(
        grpc.aio.insecure_channel(house.running.endpoints["grpc"])
    )
    call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    answer = await call.read()
    names = {service.name for service in answer.list_services_response.service}
    assert {"octollm.reflex.v1.ReflexService", "grpc.health.v1.Health"} <= names


async def test_a_taken_port_is_a_clear_error(house: House) -> None:
    address = house.running.endpoints["grpc"]
    with pytest.raises(errors.UnavailableError, match=address):
        async with serve(
            name="second",
            addresses=[address],
            register=lambda _: None,
            services=[],
            board=StatusBoard(service="second"),
            metrics=Metrics(),
        ):
            pytest.fail("two servers share a port")


async def test_log_lines_carry_service_and_request_id_and_survive_injection(house: House) -> None:
    stream = StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logging("process", stream=stream)
    try:
        set_request_id("req-log")
        with pytest.raises(errors.ValidationFailedError):
            await reflex_pb2_grpc.ReflexServiceStub(house.channel).GetCache(
                reflex_pb2.GetCacheRequest(key=" ")
            )
        logging.getLogger("x").info("two\nlines", extra={"more": '"}{'})
    finally:
        root.handlers[:], root.level = handlers, level
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    call = next(line for line in lines if line.get("rpc", "").endswith("GetCache"))
    assert (call["service"], call["request_id"], call["code"]) == ("test", "req-log", "VALIDATION_ERROR")
    assert lines[-1]["message"] == "two\nlines"


def test_every_code_has_a_grpc_status_and_every_status_a_code() -> None:
    assert set(TO_GRPC) == set(errors.Code)
    for status in grpc.StatusCode:
        if status is grpc.StatusCode.OK:
            continue
        error = from_rpc_error(
            grpc.aio.AioRpcError(
                status, grpc.aio.Metadata(), grpc.aio.Metadata(), details="text of a stranger"
            )
        )
        assert error.code is FROM_GRPC.get(status, errors.Code.INTERNAL_ERROR)
        if error.code is errors.Code.INTERNAL_ERROR:
            assert "stranger" not in error.message
