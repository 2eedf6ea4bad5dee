"""Arms that are not the platform's own: found in the register, under their names on the gateway's port."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from gateway.schemas.arms import ArmCapabilities
from gateway.schemas.health import HealthReport
from servicekit.status_board import Health
from tests.gateway.conftest import Gateway, Starter

STEP = {"capability": "echo", "instruction": "hello", "arguments": {"n": 2**53 + 1}}


@pytest.fixture
async def other(start: Starter) -> AsyncGenerator[Gateway]:
    async with start(arms=("parrot",)) as gateway:
        yield gateway


@pytest.fixture
async def other_api(other: Gateway) -> AsyncGenerator[httpx.AsyncClient]:
    async with other.client() as client:
        yield client


async def test_it_is_probed_and_described(other: Gateway, other_api: httpx.AsyncClient) -> None:
    report = HealthReport.model_validate_json((await other_api.get("/arms/parrot/health")).content)
    assert (report.service, report.status) == ("parrot", "healthy")
    assert 'octollm_service_up{service="parrot"} 1' in (await other_api.get("/arms/parrot/metrics")).text
    told = await other_api.get("/arms/parrot/capabilities")
    assert ArmCapabilities.model_validate_json(told.content).arm_id == "parrot"


async def test_it_does_a_step(other: Gateway, other_api: httpx.AsyncClient) -> None:
    told = (await other_api.post("/arms/parrot/execute", json=STEP)).json()
    assert (told["output"], told["value"]) == ("hello", {"n": 2**53 + 1})
    assert told["artifacts"] == [
        {"name": "a.txt", "media_type": "text/plain", "content": "x", "encoding": "utf-8"}
    ]
    asked = other.fakes.arms["parrot"].requests
    await other_api.post("/arms/parrot/execute", json=STEP)
    assert (asked[0].step_id, asked[0].attempt) == ("direct", 1)
    assert asked[0].idempotency_key != asked[1].idempotency_key


@pytest.mark.parametrize("path", ["health", "metrics", "capabilities"])
async def test_an_arm_that_nobody_knows(other_api: httpx.AsyncClient, path: str) -> None:
    answer = await other_api.get(f"/arms/nobody/{path}")
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (404, "arm_id")


async def test_work_for_an_arm_that_nobody_knows(other_api: httpx.AsyncClient) -> None:
    assert (await other_api.post("/arms/nobody/execute", json=STEP)).status_code == 404
    assert (await other_api.post("/arms/parrot/plan", json={})).status_code == 404


async def test_it_is_ill_and_then_gone(other: Gateway, other_api: httpx.AsyncClient) -> None:
    await other_api.get("/arms/parrot/capabilities")
    other.fakes.boards["parrot"].set("cage", Health.UNAVAILABLE, required=True)
    await other.fakes.stop("parrot")
    assert (await other_api.get("/arms/parrot/health")).json()["status"] == "unavailable"
    assert 'octollm_service_up{service="parrot"} 0' in (await other_api.get("/arms/parrot/metrics")).text
    answer = await other_api.post("/arms/parrot/execute", json=STEP)
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


async def test_an_arm_that_answers_nonsense(other: Gateway, other_api: httpx.AsyncClient) -> None:
    answer = await other_api.post("/arms/parrot/execute", json={**STEP, "instruction": "say nothing"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
