"""The arms' own routes, on their ports and under their names on the gateway's."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from octollm.arms.v1 import coder_pb2, guardian_pb2, retriever_pb2

from gateway.clients import ARMS
from gateway.routes import arm_examples as examples
from gateway.schemas.arm_work.coder import CodeResponse
from gateway.schemas.arm_work.executor import ExecuteResponse
from gateway.schemas.arm_work.guardian import ReviewResponse
from gateway.schemas.arm_work.judge import ValidateResponse
from gateway.schemas.arm_work.planner import PlanResponse
from gateway.schemas.arm_work.retriever import SearchResponse
from gateway.schemas.arm_work.step import StepResponse
from servicekit.capability.call import call_bytes, call_sha256
from servicekit.errors import (
    ConflictError,
    DeadlineError,
    InternalError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnavailableError,
    ValidationFailedError,
)
from tests.gateway.conftest import Gateway, Starter, running_gateway

SHARED = pytest.mark.asyncio(loop_scope="module")
WORK: list[tuple[str, str, dict[str, Any], Any]] = [
    ("planner", "/plan", examples.PLAN_REQUEST, PlanResponse),
    ("executor", "/execute", examples.EXECUTE_REQUEST, ExecuteResponse),
    ("retriever", "/search", examples.SEARCH_REQUEST, SearchResponse),
    ("coder", "/code", examples.CODE_REQUEST, CodeResponse),
    ("judge", "/validate", examples.VALIDATE_REQUEST, ValidateResponse),
    ("guardian", "/check", examples.REVIEW_REQUEST, ReviewResponse),
    ("parrot", "/execute", examples.STEP_REQUEST, StepResponse),
]
"""Of each arm: its route, a request, the shape of the answer."""

ACTS = {
    "planner": "plan",
    "executor": "code_execution",
    "retriever": "document_search",
    "coder": "code_generation",
    "judge": "validate",
    "guardian": "review",
    "parrot": "document_search",
}
"""Of each arm: the capability that the request asks for."""

IDS = [arm for arm, *_ in WORK]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arms() -> AsyncGenerator[Gateway]:
    async with running_gateway(arms=(*ARMS, "parrot")) as gateway:
        yield gateway


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arms_api(arms: Gateway) -> AsyncGenerator[httpx.AsyncClient]:
    async with arms.client() as client:
        yield client


@SHARED
@pytest.mark.parametrize(("arm", "path", "body", "shape"), WORK, ids=IDS)
async def test_each_arm_works_on_both_its_ports(
    arms: Gateway, arm: str, path: str, body: dict[str, Any], shape: Any
) -> None:
    places = [(arm, path)] if arm in ARMS else []
    for door, place in [*places, ("gateway", f"/arms/{arm}{path}")]:
        async with arms.client(door) as api:
            answer = await api.post(place, json=body, headers={"X-Request-ID": "r-1"})
        assert answer.status_code == 200, answer.text
        assert shape.model_validate_json(answer.content)
        assert answer.headers["x-request-id"] == "r-1"


@SHARED
async def test_how_a_result_came_to_be(arms_api: httpx.AsyncClient) -> None:
    told = (await arms_api.post("/arms/coder/code", json=examples.CODE_REQUEST)).json()
    assert told["usage"]["cost_dollars"] == 1.5
    assert told["provenance"]["runs"][0] == {
        "command": "python tests.py",
        "exit_code": 1,
        "stopped_by": None,
        "tests_passed": 0,
        "tests_failed": 1,
        "seconds": 0.5,
    }
    assert (told["verified"], told["tests"], told["tests_by"]) == (True, None, "model")


@SHARED
async def test_the_planner_is_offered_what_is_registered_when_the_caller_says_nothing(
    arms: Gateway, arms_api: httpx.AsyncClient
) -> None:
    body = {"task": {"goal": "g", "context": {"n": 2**53 + 1}}}
    told = (await arms_api.post("/arms/planner/plan", json=body)).json()
    asked = arms.fakes.typed.requests[-1]
    assert [it.name for it in asked.capabilities] == ["text_generation"]
    assert (asked.max_steps, asked.task.context_json) == (20, '{"n":9007199254740993}')
    assert told["steps"][1]["depends_on"] == ["one"]
    assert told["steps"][1]["arguments"] == {"n": 2**53 + 1}
    assert told["steps"][0]["arguments"] is None


@SHARED
async def test_output_of_an_action_is_collected(arms: Gateway, arms_api: httpx.AsyncClient) -> None:
    arms.fakes.typed.chunks[:] = [("stdout", b"a\xff"), ("stderr", b"e"), ("stdout", "\u00e4".encode())]
    body = {
        "expression": {"source": "n", "inputs": {"n": 2**53 + 1}},
        "files": [{"name": "f", "content": ""}],
    }
    told = (await arms_api.post("/arms/executor/execute", json=body)).json()
    arms.fakes.typed.chunks.clear()
    assert (told["stdout"], told["stderr"]) == ("a\ufffd\u00e4", "e")
    assert (told["exit_code"], told["stopped_by"], told["value"]) == (3, None, {"n": 2**53 + 1})
    assert told["files"] == [{"name": "a.bin", "media_type": "x/y", "content": "AA==", "encoding": "base64"}]
    assert arms.fakes.typed.requests[-1].timeout_seconds == 30


@SHARED
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"python": {"source": "1", "outputs": ["a"]}}, "python"),
        ({"javascript": {"source": "1"}}, "javascript"),
        ({"shell": {"argv": ["ls", "-l"]}}, "shell"),
        ({"http": {"method": "POST", "url": "https://a.b", "headers": {"A": "b"}, "body": "\u00e4"}}, "http"),
    ],
)
async def test_actions(arms: Gateway, arms_api: httpx.AsyncClient, body: dict[str, Any], kind: str) -> None:
    assert (await arms_api.post("/arms/executor/execute", json=body)).status_code == 200
    asked = arms.fakes.typed.requests[-1]
    assert asked.WhichOneof("action") == kind
    if kind == "http":
        assert (asked.http.body, dict(asked.http.headers)) == ("\u00e4".encode(), {"A": "b"})


@SHARED
async def test_what_is_asked_arrives_as_the_arms_name_it(arms: Gateway, arms_api: httpx.AsyncClient) -> None:
    heard = arms.fakes.typed.requests
    await arms_api.post("/arms/coder/code", json={**examples.CODE_REQUEST, "limits": {}})
    assert heard[-1].action == coder_pb2.CODE_ACTION_GENERATE
    assert not heard[-1].limits.HasField("max_tokens")
    await arms_api.post(
        "/arms/coder/code", json={**examples.CODE_REQUEST, "limits": {"max_cost_dollars": 0.29}}
    )
    assert heard[-1].limits.max_cost_micros == 290_000
    await arms_api.post("/arms/guardian/check", json={"text": "x", "direction": "in", "pii": "block"})
    assert (heard[-1].direction, heard[-1].pii) == (
        guardian_pb2.DIRECTION_IN,
        guardian_pb2.PII_POLICY_BLOCK,
    )
    await arms_api.post(
        "/arms/retriever/search", json={"query": "q", "mode": "vector", "filters": {"a": "b"}}
    )
    assert (heard[-1].mode, heard[-1].limit) == (retriever_pb2.SEARCH_MODE_VECTOR, 10)
    assert dict(heard[-1].filters) == {"a": "b"}
    body = {**examples.VALIDATE_REQUEST, "citations": [{"document_id": "d", "quote": "q"}]}
    await arms_api.post("/arms/judge/validate", json=body)
    assert heard[-1].citations[0].quote == "q"
    assert list(heard[-1].task.acceptance_criteria) == ["Names the cause."]


@SHARED
async def test_a_blocked_text_has_nothing_that_may_pass(arms_api: httpx.AsyncClient) -> None:
    told = (await arms_api.post("/arms/guardian/check", json={"text": "a@b.c", "direction": "out"})).json()
    assert (told["action"], told["sanitized_text"]) == ("block", None)
    assert told["findings"][0]["category"] == "pii"


@SHARED
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/arms/executor/execute", {}, ""),
        ("/arms/executor/execute", {"python": {"source": "1"}, "shell": {"argv": ["ls"]}}, ""),
        ("/arms/executor/execute", {"python": {"source": "\u00e4" * 131_073}}, "python.source"),
        ("/arms/executor/execute", {"shell": {"argv": []}}, "shell.argv"),
        ("/arms/executor/execute", {"python": {"source": "1"}, "timeout_seconds": 301}, "timeout_seconds"),
        (
            "/arms/executor/execute",
            {"expression": {"source": "1", "inputs": {"a": "x" * 262_144}}},
            "expression.inputs",
        ),
        ("/arms/planner/plan", {}, "task"),
        ("/arms/planner/plan", {"task": {}, "capabilities": []}, "capabilities"),
        ("/arms/planner/plan", {"task": {}, "capabilities": [{"name": "No"}]}, "capabilities[0].name"),
        ("/arms/planner/plan", {"task": {}, "max_steps": 21}, "max_steps"),
        ("/arms/planner/plan", {"task": {"context": {"a": "x" * 131_072}}}, "task.context"),
        ("/arms/coder/code", {"action": "burn", "instruction": "i"}, "action"),
        ("/arms/coder/code", {"action": "test", "instruction": ""}, "instruction"),
        (
            "/arms/coder/code",
            {"action": "test", "instruction": "i", "limits": {"max_tokens": 0}},
            "limits.max_tokens",
        ),
        ("/arms/judge/validate", {"task": {}, "output": "x", "citations": [{}]}, "citations[0].document_id"),
        ("/arms/guardian/check", {"text": "", "direction": "in"}, "text"),
        ("/arms/guardian/check", {"text": "\u00e4" * 600_000, "direction": "in"}, "text"),
        ("/arms/retriever/search", {"query": "q", "filters": {"a": 1}}, "filters.a"),
        ("/arms/parrot/execute", {"capability": "X", "instruction": "i"}, "capability"),
        ("/arms/parrot/execute", {"capability": "x", "instruction": "i", "arguments": []}, "arguments"),
    ],
)
async def test_broken_rules_are_told_before_any_arm_is_asked(
    arms: Gateway, arms_api: httpx.AsyncClient, path: str, body: dict[str, Any], field: str
) -> None:
    before = len(arms.fakes.typed.requests)
    answer = await arms_api.post(path, json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["details"].get("field", "") == field
    assert len(arms.fakes.typed.requests) == before


@SHARED
@pytest.mark.parametrize(("arm", "path", "body", "shape"), WORK, ids=IDS)
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValidationFailedError("no"), 400),
        (PermissionDeniedError("no"), 403),
        (DeadlineError("no"), 408),
        (ConflictError("no", reason="BUDGET_EXCEEDED"), 409),
        (RateLimitError("no"), 429),
        (UnavailableError("no", reason="SANDBOX_UNAVAILABLE", retry_after=3), 503),
        (InternalError("the model wrote nothing", reason="MODEL_OUTPUT_EMPTY"), 503),
        (InternalError("no"), 500),
        (RuntimeError("no"), 500),
    ],
    ids=lambda it: type(it).__name__ if isinstance(it, Exception) else None,
)
async def test_a_failure_of_an_arm_has_its_documented_status(  # noqa: PLR0917  # the columns of two tables
    arms: Gateway,
    arms_api: httpx.AsyncClient,
    arm: str,
    path: str,
    body: dict[str, Any],
    shape: Any,
    error: Exception,
    status: int,
) -> None:
    arms.fakes.trouble.error = error
    answer = await arms_api.post(f"/arms/{arm}{path}", json=body)
    arms.fakes.trouble.error = None
    assert answer.status_code == status
    assert ("retry-after" in answer.headers) == (status in {429, 503})


@SHARED
@pytest.mark.parametrize(("arm", "path", "body", "shape"), WORK, ids=IDS)
async def test_the_permission_is_for_exactly_this_call(  # noqa: PLR0917  # the columns of the table
    arms: Gateway, arms_api: httpx.AsyncClient, arm: str, path: str, body: dict[str, Any], shape: Any
) -> None:
    heard = arms.fakes.typed.requests if arm in ARMS else arms.fakes.arms[arm].requests
    await arms_api.post(f"/arms/{arm}{path}", json=body)
    instance_id, acts, covered = heard[-1].capability_token.split()
    assert instance_id == f"{arm}-1"
    assert acts == ACTS[arm]
    assert covered == call_sha256(call_bytes(heard[-1]))


@SHARED
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PermissionDeniedError("no"), 403),
        (NotFoundError("gone", reason="ARM_INSTANCE_UNKNOWN"), 503),
        (UnavailableError("no"), 503),
    ],
)
async def test_without_permission_no_arm_is_called(
    arms: Gateway, arms_api: httpx.AsyncClient, error: Exception, status: int
) -> None:
    before = len(arms.fakes.typed.requests)
    arms.fakes.trouble.permission = error
    for arm, path, body, _ in WORK:
        assert (await arms_api.post(f"/arms/{arm}{path}", json=body)).status_code == status
    arms.fakes.trouble.permission = None
    assert len(arms.fakes.typed.requests) == before


async def test_an_arm_that_is_down_is_503(start: Starter) -> None:
    async with start(arms=("coder",)) as gateway, gateway.client() as api:
        for arm, path, body, _ in WORK:
            if arm not in {"coder", "parrot"}:
                answer = await api.post(f"/arms/{arm}{path}", json=body)
                assert (answer.status_code, int(answer.headers["retry-after"])) == (503, 1)


@pytest.mark.parametrize(("arm", "path", "body", "shape"), WORK, ids=IDS)
async def test_a_client_that_leaves_ends_the_work(
    start: Starter, arm: str, path: str, body: dict[str, Any], shape: Any
) -> None:
    async with start(arms=(arm,)) as gateway:
        trouble = gateway.fakes.trouble
        async with gateway.client() as api:
            trouble.hang = asyncio.Event()
            leaving = asyncio.create_task(api.post(f"/arms/{arm}{path}", json=body))
            await asyncio.wait_for(trouble.entered.wait(), 10)
            leaving.cancel()
        await asyncio.wait_for(trouble.cancelled.wait(), 10)


async def test_time_runs_out(start: Starter) -> None:
    async with start(arms=("coder",), arm_timeout=0.2) as gateway, gateway.client() as api:
        gateway.fakes.trouble.hang = asyncio.Event()
        answer = await api.post("/arms/coder/code", json=examples.CODE_REQUEST)
        assert (answer.status_code, answer.json()["error"]["code"]) == (408, "TIMEOUT")
