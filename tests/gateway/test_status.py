"""Health, readiness and metrics of every port; the arms."""

import re

import httpx
import pytest

from gateway.routes.table import DOORS
from gateway.schemas.arms import Arm, ArmCapabilities, ArmPage
from gateway.schemas.health import HealthReport
from servicekit.status_board import Health
from tests.gateway.conftest import Gateway


async def test_health_tells_every_dependency(gateway: Gateway, api: httpx.AsyncClient) -> None:
    gateway.fakes.boards["coder"].set("model", Health.DEGRADED, detail="it is loading")
    report = (await api.get("/health")).json()
    assert HealthReport.model_validate(report)
    told = {it["name"]: (it["status"], it["required"], it["detail"]) for it in report["dependencies"]}
    assert told["orchestrator"] == ("healthy", True, "")
    assert told["orchestrator/postgresql"] == ("healthy", True, "")
    assert told["coder"] == ("degraded", False, "model: it is loading")
    assert told["coder/model"] == ("degraded", False, "it is loading")
    assert told["judge"][0] == "unavailable"
    assert report["status"] == "degraded"


@pytest.mark.parametrize("base", ["/api/v1", ""])
async def test_ready_follows_what_is_needed(gateway: Gateway, base: str) -> None:
    gateway.fakes.boards["orchestrator"].set("postgresql", Health.UNAVAILABLE, detail="gone", required=True)
    async with httpx.AsyncClient(base_url=gateway.base(), trust_env=False) as client:
        answer = await client.get(f"{base}/ready", headers={"X-Request-ID": "r-9"})
        assert (await client.get(f"{base}/health")).status_code == 200
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["request_id"]) == (503, "SERVICE_UNAVAILABLE", "r-9")
    assert error["details"] == {"orchestrator": "postgresql: gone", "orchestrator/postgresql": "gone"}
    assert int(answer.headers["retry-after"]) >= 1


async def test_an_arm_that_is_down_leaves_the_platform_ready(
    gateway: Gateway, api: httpx.AsyncClient
) -> None:
    await gateway.fakes.stop("coder")
    assert (await api.get("/ready")).status_code == 200


async def test_an_orchestrator_that_is_gone_does_not(gateway: Gateway, api: httpx.AsyncClient) -> None:
    await gateway.fakes.stop("orchestrator")
    assert (await api.get("/ready")).status_code == 503
    assert (await api.get("/health")).json()["status"] == "unavailable"
    answer = await api.get("/tasks")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert "retry-after" in answer.headers


async def test_every_port_speaks_for_its_own_service(gateway: Gateway) -> None:
    for door in DOORS:
        async with gateway.client(door) as client:
            report = (await client.get("/health")).json()
            up = door in {"gateway", "reflex", "coder"}
            assert HealthReport.model_validate(report)
            assert (report["service"], report["status"] != "unavailable") == (door, up)
            assert (await client.get("/ready")).status_code == (200 if up else 503)
            metrics = await client.get("/metrics")
            assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
            if door != "gateway":
                assert f'octollm_service_up{{service="{door}"}} {int(up)}' in metrics.text
                assert set(re.findall(r'service="(\w+)"', metrics.text)) == {door}


async def test_metrics_of_all_services_on_one_page(gateway: Gateway, api: httpx.AsyncClient) -> None:
    await api.get("/stats")
    text = (await api.get("/metrics")).text
    assert (
        'octollm_http_requests_total{service="gateway",method="GET",route="/api/v1/stats",status="200"} 1.0'
        in text
    )
    assert 'octollm_service_up{service="judge"} 0' in text
    kinds = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(kinds) == len(set(kinds))


async def test_random_paths_and_methods_make_no_new_series(gateway: Gateway, api: httpx.AsyncClient) -> None:
    async def series() -> int:
        return sum("octollm_http" in line for line in (await api.get("/metrics")).text.splitlines())

    async def wander(number: int) -> None:
        await api.request(f"M{number}", f"/{number}")
        await api.get(f"/tasks/task_{number:016d}")

    await wander(0)
    await series()
    before = await series()
    for number in range(1, 100):
        await wander(number)
    assert await series() == before


async def test_arms(api: httpx.AsyncClient) -> None:
    assert ArmPage.model_validate((await api.get("/arms")).json()).data[0].capabilities == ["text_generation"]
    assert Arm.model_validate((await api.get("/arms/coder")).json())
    told = (await api.get("/arms/coder/capabilities")).json()
    assert ArmCapabilities.model_validate(told)
    assert told["capabilities"][0]["input_schema"] == {"type": "object"}
    assert (await api.get("/arms/coder/health")).json()["service"] == "coder"
    assert 'service="coder"' in (await api.get("/arms/coder/metrics")).text
    for path in ("/arms/nobody", "/arms/nobody/health", "/arms/nobody/capabilities"):
        assert (await api.get(path)).status_code == 404
    assert (await api.get("/arms/judge/capabilities")).status_code == 503


async def test_an_arms_own_port(gateway: Gateway) -> None:
    async with gateway.client("coder") as client:
        assert (await client.get("/capabilities")).json()["arm_id"] == "coder"
        assert (await client.get("/tasks")).status_code == 404


async def test_the_page_about_the_api_asks_no_other_host(gateway: Gateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.base("judge"), trust_env=False) as client:
        page = await client.get("/docs")
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
        assert "://" not in page.text
        for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert (await client.get(path)).status_code == 200, path
        assert "/api/v1/openapi.json" in (await client.get("/docs/start.js")).text
        assert (await client.get("/docs/other.js")).status_code == 404
        assert (await client.get("/docs/..%2f..%2fpyproject.js")).status_code == 404
